import type { ArchiveEntry } from '../archive/archive.js';
import { type ColdcaseError, IntegrityError } from '../base/errors.js';
import { keepHeapSmall } from '../base/heap.js';
import { Checkpoint } from '../checkpoint/checkpoint.js';
import { NotInArchiveError } from '../criu/address-space.js';
import { FreePaths } from '../recover/free-paths.js';
import { dataOf, hashObject, recoverObjects } from '../recover/recover.js';
import type { Recovered } from '../recover/recovered.js';
import { escapeText } from '../render/escape.js';
import { type RecoveredRow, recoveredRow, recoverQuestion } from '../views/recover.js';
import { type ArchiveOptions, addArchiveArgument, withArchive } from './archive-options.js';
import type { CommandModule } from './command.js';
import { Extraction } from './extraction.js';
import { interrupted } from './interrupt.js';
import { addOutputOptions, type OutputOptions, printRows } from './output.js';
import { questionHelp } from './question-help.js';
import type { Found, RecoverTarOptions } from './recover-tar.js';

interface RecoverOptions extends ArchiveOptions, OutputOptions {
  readonly directory?: string;
  readonly tar?: string;
  readonly force?: true;
}

export const recoverCommand: CommandModule = {
  configure: (command) => {
    addOutputOptions(addArchiveArgument(command))
      .option('-C, --directory <dir>', 'also write them to this directory; made if missing')
      .option('--tar <file>', 'also write them as a tar; - is standard output, and nothing else is printed')
      .option('--force', 'replace files that exist')
      .addHelpText('after', questionHelp(recoverQuestion))
      .action(recover);
  },
};

/** A row for each object, and an error when some were not written. */
interface Outcome {
  readonly rows: () => readonly RecoveredRow[];
  readonly leftOut?: ColdcaseError | undefined;
}

async function recover(location: string, options: RecoverOptions): Promise<void> {
  const { tar, directory } = options;
  const way =
    tar !== undefined
      ? await tarWay({ ...options, tar })
      : directory !== undefined
        ? (search: Search) => extractAll(search, { ...options, directory })
        : listAll;
  const problems: ColdcaseError[] = [];
  const leftOut = await withArchive(location, options, async (archive) => {
    const outcome = await way({ checkpoint: new Checkpoint(archive), problems });
    if (tar !== '-') await printRows({ ...recoverQuestion, rows: outcome.rows() }, options);
    return outcome.leftOut;
  });
  for (const { message } of problems)
    process.stderr.write(`coldcase: not recovered: ${escapeText(message)}\n`);
  if (problems.length > 0) {
    throw new IntegrityError(`${problems.length} parts of the archive could not be read`, {
      remedy: 'what else was found is listed; coldcase decode shows the images themselves',
      more: leftOut === undefined ? [] : [leftOut.message],
    });
  }
  if (leftOut !== undefined) throw leftOut;
}

/** What is looked through, and what of it could not be read. */
interface Search {
  readonly checkpoint: Checkpoint;
  readonly problems: ColdcaseError[];
}

/** Hands on every object. One that is damaged, or in a copy without memory pages, is a problem: all else is there. */
async function eachObject(
  { checkpoint, problems }: Search,
  take: (object: Recovered) => Promise<void>,
): Promise<void> {
  for await (const object of recoverObjects(checkpoint, (problem) => problems.push(problem))) {
    try {
      await take(object);
    } catch (error) {
      if (!(error instanceof NotInArchiveError || error instanceof IntegrityError)) throw error;
      problems.push(error);
    }
  }
}

async function listAll(search: Search): Promise<Outcome> {
  const rows: RecoveredRow[] = [];
  await eachObject(search, async (object) => {
    rows.push(recoveredRow(object, await hashObject(object, interrupted), undefined));
  });
  return { rows: () => rows };
}

/** Objects from which on what is left behind while they are written is collected sooner. */
const MANY = 10_000;

/** What only a tar needs is not loaded for the others. */
async function tarWay(options: RecoverTarOptions): Promise<(search: Search) => Promise<Outcome>> {
  const { requireTarPlace, writeRecovered } = await import('./recover-tar.js');
  await requireTarPlace(options);
  return async (search) => {
    const found: Found[] = [];
    await eachObject(search, async (object) => {
      const sha256 = await hashObject(object, interrupted);
      // all is read before the first byte goes out: what cannot be read cannot be left out afterwards
      if (sha256 === undefined) for await (const _ of dataOf(object)) interrupted.throwIfAborted();
      found.push({ object, sha256 });
      if (found.length === MANY) keepHeapSmall();
    });
    return writeRecovered(search.checkpoint, found, search.problems, options);
  };
}

async function extractAll(
  search: Search,
  { directory, force }: RecoverOptions & { readonly directory: string },
): Promise<Outcome> {
  const extraction = new Extraction({ directory, strip: 0, ...(force === undefined ? {} : { force }) });
  const rows: RecoveredRow[] = [];
  const paths = new FreePaths();
  try {
    await eachObject(search, async (object) => {
      const sha256 = await hashObject(object, interrupted);
      rows.push(recoveredRow(object, sha256, await extract(object, extraction, paths.take(object.path))));
    });
  } catch (error) {
    extraction.tellProgress(error);
    throw error;
  } finally {
    await extraction.close();
  }
  return { rows: () => rows, leftOut: extraction.leftOut() };
}

/** Writes an object under a path; undefined when it was left out. */
async function extract(object: Recovered, extraction: Extraction, path: string): Promise<string | undefined> {
  const runs = object.runs;
  const entry: ArchiveEntry = {
    ...{ name: path, type: 'file', size: object.size, mode: 0o600, mtime: object.mtime ?? Date.now() / 1000 },
    ...{ uid: 0, gid: 0, uname: '', gname: '', offset: 0, dataOffset: 0, storedSize: object.size },
    ...(runs === undefined ? {} : { sparse: runs }),
  };
  return (await extraction.take(entry, object.name, () => object.open())) ? path : undefined;
}
