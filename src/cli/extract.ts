import { lutimes } from 'node:fs/promises';
import { InvalidArgumentError } from 'commander';
import { type Selected, selectEntries } from '../archive/select.js';
import { UnsafeError } from '../base/errors.js';
import { escapeText } from '../render/escape.js';
import { type ArchiveOptions, addArchiveArgument, withArchive } from './archive-options.js';
import type { CommandModule } from './command.js';
import { extractEntry, safeNames } from './extract-entry.js';
import { interrupted } from './interrupt.js';
import { SafeTree } from './safe-tree.js';

interface ExtractOptions extends ArchiveOptions {
  readonly directory: string;
  readonly strip: number;
  readonly force?: true;
  readonly quiet?: true;
}

export const extractCommand: CommandModule = {
  configure: (command) => {
    addArchiveArgument(command)
      .argument(
        '[pattern...]',
        'only entries of these names; * ? ** as in a shell, ENTRY//PATTERN looks into a tar',
      )
      .option('-C, --directory <dir>', 'where to put them; made if missing', '.')
      .option('--strip <n>', 'leave out that many leading directories of each name', parseCount, 0)
      .option('--force', 'replace files that exist')
      .option('-q, --quiet', 'do not name what is left out')
      .addHelpText('after', HELP)
      .action(extract);
  },
};

function parseCount(text: string): number {
  if (!/^[0-9]{1,4}$/.test(text)) throw new InvalidArgumentError('not a small number.');
  return Number(text);
}

async function extract(
  location: string,
  patterns: readonly string[],
  options: ExtractOptions,
): Promise<void> {
  await withArchive(location, options, async (archive) => {
    const chosen: Selected[] = [];
    for (const pattern of patterns.length === 0 ? [''] : patterns) {
      chosen.push(...(await selectEntries(archive, pattern)));
    }
    const tree = await SafeTree.at(options.directory);
    try {
      const refused = await extractAll(tree, chosen, options);
      if (refused > 0) {
        throw new UnsafeError(`${refused} of ${chosen.length} entries were left out as unsafe`, {
          remedy: 'the others were extracted; coldcase cat shows the content of any entry',
        });
      }
    } finally {
      await tree.close();
    }
  });
}

/** Extracts what is safe, names what is not, and returns how many that were. */
async function extractAll(
  tree: SafeTree,
  chosen: readonly Selected[],
  options: ExtractOptions,
): Promise<number> {
  const directories: { readonly names: readonly string[]; readonly mtime: number }[] = [];
  let refused = 0;
  for (const { archive, entry, path } of lastOfEachName(chosen)) {
    interrupted.throwIfAborted();
    try {
      const names = safeNames(entry.name, options.strip);
      if (names === undefined) continue;
      await extractEntry(tree, names, entry, () => archive.open(entry), options.force === true);
      if (entry.type === 'directory') directories.push({ names, mtime: entry.mtime });
    } catch (error) {
      if (!(error instanceof UnsafeError)) throw error;
      refused += 1;
      if (options.quiet !== true)
        process.stderr.write(`left out: ${escapeText(`${path}: ${error.message}`)}\n`);
    }
  }
  // Last, and the deepest first: writing into a directory changes its time.
  for (const { names, mtime } of directories.reverse()) {
    await lutimes(await tree.reach(names.slice(0, -1), names.at(-1) ?? ''), mtime, mtime);
  }
  return refused;
}

/** Of entries with the same name the last, as every tar does; the order stays. */
function lastOfEachName(chosen: readonly Selected[]): Iterable<Selected> {
  const byPath = new Map<string, Selected>();
  for (const selected of chosen) {
    byPath.delete(selected.path);
    byPath.set(selected.path, selected);
  }
  return byPath.values();
}

const HELP = `
Files are written 0600 and directories made 0700, with their times; owners, permissions and setuid bits are not
taken over. Left out, named on standard error, and then exit code 6: absolute paths and paths with .., symlinks
that may lead outside, devices and FIFOs, names under which something exists (without --force). A hard link becomes
a copy. No link on the way is followed.

Examples:
  coldcase extract evidence.tar.zst.age -i key.txt -C out
  coldcase extract checkpoint.tar rootfs-diff.tar//tmp -C out/rootfs`;
