import type { Command } from 'commander';
import type { Archive, ArchiveEntry } from '../archive/archive.js';
import { requireOne } from '../archive/select.js';
import { FormatError, NotFoundError } from '../base/errors.js';
import { spellings } from '../base/spelling.js';
import type { ByteSource } from '../bytes/source.js';
import { decodeFile, fileInfo } from '../criu/decode.js';
import { jsonOf, jsonString } from '../criu/json-text.js';
import { findImageEntry, listImages } from '../criu/read.js';
import { type ArchiveOptions, addArchiveArgument, withArchive } from './archive-options.js';
import type { CommandModule } from './command.js';
import { interrupted } from './interrupt.js';
import { writeOut } from './write-out.js';

/** Characters that are gathered before they are written. */
const BATCH = 64 * 1024;

interface DecodeOptions extends ArchiveOptions {
  readonly pretty?: true;
  readonly info?: true;
}

const HELP = `
One IMAGE prints what crit decode prints of it; several, or none for all, print an object keyed by file name. An
IMAGE is a file name (core-1.img) or a path in the archive. 64-bit integers keep every digit.

Beyond crit: fields that are not known are under "_unknown" {field, wire, value}; an image of an unknown kind has
all of its fields there. A byte of a text that is no UTF-8, at which crit fails, prints as U+FFFD and two hex digits, \\ufffdff. Files
that are no images (memory pages, tmpfs archives, iptables rules) print as {"magic": null, "raw": {"contents",
"size"}}, size in bytes. An image that makes no sense ends with an "error" behind the entries before it, and the exit
code is 5.

Examples:
  coldcase decode checkpoint.tar pstree.img
  coldcase decode --pretty sealed.tar.age -i key.txt core-1.img mm-1.img`;

/** CRIU images as the JSON of crit. */
export const decodeCommand: CommandModule = {
  configure(command: Command): void {
    addArchiveArgument(command)
      .argument('[images...]', 'file names of images; all if none is given')
      .option('--pretty', 'as crit decode --pretty: hexadecimal, names of flags, addresses')
      .option('--info', 'only magic and number of entries, as crit info')
      .addHelpText('after', HELP)
      .action((location: string, images: readonly string[], options: DecodeOptions) =>
        withArchive(location, options, (archive) => decode(archive, images, options)),
      );
  },
};

async function decode(archive: Archive, names: readonly string[], options: DecodeOptions): Promise<void> {
  const files = names.length === 0 ? await listImages(archive) : await findAll(archive, names);
  const [only] = files;
  if (files.size === 1 && names.length > 0 && only !== undefined)
    await writeAll(printed(archive, ...only, options, 0));
  else await writeAll(printAll(archive, files, options));
}

async function findAll(archive: Archive, names: readonly string[]): Promise<Map<string, ArchiveEntry>> {
  const files = new Map<string, ArchiveEntry>();
  for (const name of names) {
    const entry = await findSpelled(archive, name);
    if (entry === undefined || entry.type === 'directory') {
      throw new NotFoundError(`${name}: there is no such image in ${archive.location}`, {
        remedy: 'coldcase decode ARCHIVE --info lists the images',
      });
    }
    files.set(name, entry);
  }
  return files;
}

async function findSpelled(archive: Archive, name: string): Promise<ArchiveEntry | undefined> {
  const found = new Set<ArchiveEntry>();
  for (const spelling of spellings(name)) {
    const entry = await findImageEntry(archive, spelling);
    if (entry !== undefined) found.add(entry);
  }
  return requireOne(name, [...found], (entry) => entry.name);
}

/** Every image, also those behind one that makes no sense; then the first error. */
async function* printAll(
  archive: Archive,
  files: ReadonlyMap<string, ArchiveEntry>,
  options: DecodeOptions,
): AsyncGenerator<string> {
  const [begin, separator, end] = isIndented(options) ? ['{\n    ', ',\n    ', '\n}\n'] : ['{', ', ', '}\n'];
  let failure: FormatError | undefined;
  let first = true;
  for (const [name, entry] of files) {
    yield `${first ? begin : separator}${jsonString(name)}: `;
    first = false;
    try {
      yield* printed(archive, name, entry, options, 1);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      failure ??= error;
    }
  }
  yield first ? '{}\n' : end;
  if (failure !== undefined) throw failure;
}

/** One image; when its error comes before anything is printed, the error, so that there is JSON in any case. */
async function* printed(
  archive: Archive,
  name: string,
  entry: ArchiveEntry,
  options: DecodeOptions,
  level: number,
): AsyncGenerator<string> {
  let begun = false;
  try {
    for await (const piece of piecesOf(name, archive.open(entry), options, level)) {
      begun = true;
      yield piece;
    }
    if (level === 0) yield '\n';
  } catch (error) {
    if (error instanceof FormatError && !begun) {
      yield jsonOf({ error: error.message }, isIndented(options) ? level : undefined);
    }
    if (level === 0) yield '\n';
    throw error;
  }
}

async function* piecesOf(
  name: string,
  source: ByteSource,
  options: DecodeOptions,
  level: number,
): AsyncGenerator<string> {
  if (options.info) yield jsonOf(await fileInfo(name, source), level);
  else yield* decodeFile(name, source, { pretty: options.pretty === true, level });
}

/** crit indents its answer to `info`, pretty or not. */
function isIndented(options: DecodeOptions): boolean {
  return options.pretty === true || options.info === true;
}

async function writeAll(pieces: AsyncIterable<string>): Promise<void> {
  let batch = '';
  try {
    for await (const piece of pieces) {
      interrupted.throwIfAborted();
      batch += piece;
      if (batch.length < BATCH) continue;
      await writeOut(batch);
      batch = '';
    }
  } finally {
    await writeOut(batch);
  }
}
