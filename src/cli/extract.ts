import { InvalidArgumentError } from 'commander';
import type { Archive, ArchiveEntry } from '../archive/archive.js';
import { NESTED, patternMatcher, type Selected, selectEntries } from '../archive/select.js';
import { NotFoundError } from '../base/errors.js';
import { type ArchiveOptions, addArchiveArgument, openingOptions, withArchive } from './archive-options.js';
import type { CommandModule } from './command.js';
import { copyContent } from './extract-entry.js';
import { Extraction } from './extraction.js';
import { interrupted } from './interrupt.js';

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
  const extraction = new Extraction(options);
  try {
    if (await passes(location, patterns)) await extractPassing(location, patterns, extraction, options);
    else await extractChosen(location, patterns, extraction, options);
    await extraction.setDirectoryTimes();
  } finally {
    await extraction.close();
  }
  extraction.requireComplete();
}

/** Whether the archive is a stream, and nothing is wanted that a stream cannot give. */
async function passes(location: string, patterns: readonly string[]): Promise<boolean> {
  if (location !== '-' || patterns.some((pattern) => pattern.includes(NESTED))) return false;
  return (await import('../archive/open-stdin.js')).standardInputPasses();
}

async function extractChosen(
  location: string,
  patterns: readonly string[],
  extraction: Extraction,
  options: ExtractOptions,
): Promise<void> {
  await withArchive(location, options, async (archive) => {
    const chosen: Selected[] = [];
    for (const pattern of patterns.length === 0 ? [''] : patterns) {
      chosen.push(...(await selectEntries(archive, pattern)));
    }
    for (const { archive: inner, entry, path } of lastOfEachName(chosen)) {
      interrupted.throwIfAborted();
      const source = resolved(inner, entry);
      if (source === undefined) {
        extraction.leaveOut(path, 'a hard link to what is not in the archive');
        continue;
      }
      const stored = { ...entry, sparse: source.sparse, storedSize: source.storedSize, size: source.size };
      await extraction.take(stored, path, (writer) => copyContent(stored, inner.open(entry), writer));
    }
  });
}

function resolved(archive: Archive, entry: ArchiveEntry): ArchiveEntry | undefined {
  try {
    return archive.resolve(entry);
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

async function extractPassing(
  location: string,
  patterns: readonly string[],
  extraction: Extraction,
  options: ExtractOptions,
): Promise<void> {
  const { passStandardInput } = await import('../archive/open-stdin.js');
  const matchers = (patterns.length === 0 ? [''] : patterns).map(patternMatcher);
  await passStandardInput(openingOptions(location, options), async (entry) => {
    await extraction.finishEntry();
    if (!matchers.some((matches) => matches(entry.name))) return undefined;
    if (entry.type === 'hardlink') {
      extraction.leaveOut(entry.name, 'a hard link, in an archive that is read only once');
      return undefined;
    }
    const writer = await extraction.startEntry(entry, entry.name);
    return writer === undefined ? undefined : (chunk) => writer.write(chunk);
  });
  await extraction.finishEntry();
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
