import { InvalidArgumentError } from 'commander';
import type { Archive, ArchiveEntry } from '../archive/archive.js';
import { NESTED } from '../archive/nested.js';
import { type Selected, selectEntries, spelledMatcher } from '../archive/select.js';
import { append } from '../base/append.js';
import { NotFoundError, UsageError } from '../base/errors.js';
import { type ArchiveOptions, addArchiveArgument, openingOptions, withArchive } from './archive-options.js';
import type { CommandModule } from './command.js';
import { Extraction } from './extraction.js';
import { interrupted } from './interrupt.js';

interface ExtractOptions extends ArchiveOptions {
  readonly directory?: string;
  readonly tar?: string;
  readonly exclude?: readonly string[];
  readonly strip?: number;
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
      .option('-C, --directory <dir>', 'where to put them; made if missing (default: ".")')
      .option('--tar <file>', 'write them as a tar instead; - is standard output')
      .option(
        '--exclude <pattern>',
        'leave out entries of these names; may be given more than once',
        (value: string, previous: readonly string[] = []) => [...previous, value],
      )
      .option('--strip <n>', 'leave out that many leading directories of each name', parseCount)
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
  if (options.tar !== undefined) return extractTar(location, patterns, { ...options, tar: options.tar });
  const extraction = new Extraction({
    ...options,
    directory: options.directory ?? '.',
    strip: options.strip ?? 0,
  });
  try {
    if (await passes(location, patterns)) await extractPassing(location, patterns, extraction, options);
    else await extractChosen(location, patterns, extraction, options);
    await extraction.setDirectoryTimes();
  } catch (error) {
    extraction.tellProgress(error);
    throw error;
  } finally {
    await extraction.close();
  }
  extraction.requireComplete();
}

async function extractTar(
  location: string,
  patterns: readonly string[],
  options: ExtractOptions & { readonly tar: string },
): Promise<void> {
  if (options.directory !== undefined || options.strip !== undefined) {
    throw new UsageError('--tar goes with neither --directory nor --strip', {
      remedy: 'a tar has the names that the archive has; extract it where it is wanted',
    });
  }
  if (await passes(location, [])) {
    throw new UsageError('--tar needs an archive that can be read more than once', {
      remedy: 'save it to a file, or redirect a file to standard input',
    });
  }
  const { writeTar } = await import('./extract-tar.js');
  await withArchive(location, options, async (archive) => {
    await writeTar(await select(archive, patterns, options.exclude ?? []), options);
  });
}

/** Whether the archive is a stream, and nothing is wanted that a stream cannot give. */
async function passes(location: string, patterns: readonly string[]): Promise<boolean> {
  if (location !== '-' || patterns.some((pattern) => pattern.includes(NESTED))) return false;
  return (await import('../archive/standard-input.js')).standardInputPasses();
}

async function extractChosen(
  location: string,
  patterns: readonly string[],
  extraction: Extraction,
  options: ExtractOptions,
): Promise<void> {
  await withArchive(location, options, async (archive) => {
    const chosen = await select(archive, patterns, options.exclude ?? []);
    for (const { archive: inner, entry, path } of lastOfEachName(chosen)) {
      interrupted.throwIfAborted();
      const source = resolved(inner, entry);
      if (source === undefined) {
        extraction.leaveOut(path, 'a hard link to what is not in the archive');
        continue;
      }
      const stored = { ...entry, sparse: source.sparse, storedSize: source.storedSize, size: source.size };
      await extraction.take(stored, path, () => inner.open(entry));
    }
  });
}

/**
 * The entries that patterns choose, without those that `excluded` names.
 *
 * @throws NotFoundError when a pattern names nothing: what was to be left out would be in, unnoticed
 */
async function select(
  archive: Archive,
  patterns: readonly string[],
  excluded: readonly string[],
): Promise<readonly Selected[]> {
  const chosen: Selected[] = [];
  for (const pattern of patterns.length === 0 ? [''] : patterns) {
    append(chosen, await selectEntries(archive, pattern));
  }
  const exclusion = new Exclusion(excluded);
  const left = chosen.filter(({ path }) => !exclusion.has(path));
  exclusion.requireUsed();
  return left;
}

/** Names that are left out. */
class Exclusion {
  readonly #unused: Set<string>;
  readonly #patterns: readonly { readonly text: string; matches(name: string): boolean }[];

  constructor(patterns: readonly string[]) {
    this.#unused = new Set(patterns);
    this.#patterns = patterns.map((text) => ({ text, matches: spelledMatcher(text) }));
  }

  has(path: string): boolean {
    const hits = this.#patterns.filter(({ matches }) => matches(path));
    for (const { text } of hits) this.#unused.delete(text);
    return hits.length > 0;
  }

  /** @throws NotFoundError when one of them left nothing out */
  requireUsed(): void {
    const [unused] = this.#unused;
    if (unused === undefined) return;
    throw new NotFoundError(`--exclude ${unused}: no entry of that name is among those chosen`, {
      remedy: 'coldcase ls lists what is there; write the whole name, or one with * ? **',
    });
  }
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
  const { passStandardInput } = await import('../archive/standard-input.js');
  const exclusion = new Exclusion(options.exclude ?? []);
  const matchers = (patterns.length === 0 ? [''] : patterns).map((pattern) => spelledMatcher(pattern));
  await passStandardInput(openingOptions(location, options), async (entry) => {
    await extraction.finishEntry();
    if (!matchers.some((matches) => matches(entry.name)) || exclusion.has(entry.name)) return undefined;
    if (entry.type === 'hardlink') {
      extraction.leaveOut(entry.name, 'a hard link, in an archive that is read only once');
      return undefined;
    }
    return extraction.startEntry(entry, entry.name);
  });
  await extraction.finishEntry();
  exclusion.requireUsed();
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
that may lead outside, devices and FIFOs, names under which something exists (without --force), names, link targets
and sizes that this file system does not take. What is damaged is left out too, exit code 5. All else is extracted,
unless the disk is full or fails (exit code 1). The first thousand are named. A hard link becomes a copy. No link on
the way is followed. Names are bytes: patterns may be written as tables print names, a\\xff for a byte that is no
UTF-8, and that byte is in the file's name.

--tar writes the entries as they are in the archive, headers and data byte for byte: type, mode, owner, times, link
names, extended attributes, sparse maps, in their order. Names are data there, whatever they are: GNU tar and bsdtar,
when they extract, strip a leading / and refuse .. unless told otherwise (-P). A hard link whose file is not chosen
is left out, exit code 6. The file is 0600. An --exclude that names nothing is an error, and nothing is written.

Examples:
  coldcase extract evidence.tar.zst.age -i key.txt -C out
  coldcase extract checkpoint.tar rootfs-diff.tar//tmp -C out/rootfs
  coldcase extract evidence.tar.zst.age -i key.txt --exclude 'checkpoint/pages-*.img' --tar - |
    coldcase seal - -r age1... -o without-memory.tar.zst.age`;
