import { createHash } from 'node:crypto';
import { ColdcaseError, IntegrityError, InterruptedError } from '../base/errors.js';
import { keepHeapSmall } from '../base/heap.js';
import { chunksOf } from '../bytes/chunks.js';
import { sliceSource } from '../bytes/slice.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { DecodeBudget } from '../criu/message.js';
import { deletedFiles } from './deleted-files.js';
import { findHolders, type Holders } from './holders.js';
import { pipeData, socketData, sysvMessages, tcpData } from './queues.js';
import type { DataRun, Recovered } from './recovered.js';
import { memfds, sysvSegments } from './shared-memory.js';
import { tmpfsFiles } from './tmpfs.js';

/** Yields what it finds; goes on behind what it reports, where it can. */
type Finder = (
  checkpoint: Checkpoint,
  holders: Holders,
  report: (error: unknown) => void,
) => AsyncGenerator<Recovered>;

/** In the order in which they are listed. */
const FINDERS: readonly Finder[] = [
  deletedFiles,
  memfds,
  pipeData,
  socketData,
  tcpData,
  tmpfsFiles,
  sysvSegments,
  sysvMessages,
];

/**
 * What may be found, in units of about 60 bytes: what is made of an object in lists and tables counts. One kind of it
 * cannot take the room of all others: each after it has this much.
 */
const KEPT = 6_000_000;
const FOR_EACH_KIND = 500_000;
/** So much is a lot: what is made of it on the way is collected sooner from then on. */
const MANY = 1_000_000;
/** Parts that make no sense and are told one by one. */
const MAX_PROBLEMS = 10_000;

/**
 * Everything in a checkpoint that exists in no file system any more. Nothing of the contents is read yet.
 *
 * @param onProblem - an image that makes no sense: what else is in the archive is found all the same
 */
export async function* recoverObjects(
  checkpoint: Checkpoint,
  onProblem: (problem: ColdcaseError) => void,
): AsyncGenerator<Recovered> {
  let problems = 0;
  const report = (error: unknown): void => {
    if (!(error instanceof ColdcaseError) || error instanceof InterruptedError) throw error;
    problems += 1;
    if (problems <= MAX_PROBLEMS) onProblem(error);
  };
  const holders = await findHolders(checkpoint);
  let left = KEPT;
  for (const [at, finder] of FINDERS.entries()) {
    const budget = new DecodeBudget(left - FOR_EACH_KIND * (FINDERS.length - 1 - at));
    try {
      for await (const object of finder(checkpoint, holders, report)) {
        budget.spend(costOf(object), `${object.image}, up to ${object.name}`);
        if (KEPT - left + budget.spent > MANY) keepHeapSmall();
        yield object;
      }
    } catch (error) {
      report(error);
    }
    left = Math.max(0, left - budget.spent);
  }
  const untold = problems - MAX_PROBLEMS;
  if (untold > 0) onProblem(new IntegrityError(`${untold} more parts of the archive`));
}

function costOf({ name, path, holders, runs }: Recovered): number {
  return 40 + ((name.length + path.length) >> 3) + 4 * holders.length + (runs?.length ?? 0);
}

/** Holes larger than this are not hashed: a size costs an attacker nothing, and a terabyte of zeros takes an hour. */
const MAX_HASHED_HOLES = 4 * 1024 ** 3;

/** Lower-case hex SHA-256 of an object, holes as zeros; undefined when these are larger than 4 GiB. */
export async function hashObject(object: Recovered, signal?: AbortSignal): Promise<string | undefined> {
  const runs = object.runs ?? [{ offset: 0, length: object.size }];
  const stored = runs.reduce((sum, { length }) => sum + length, 0);
  if (object.size - stored > MAX_HASHED_HOLES) return undefined;
  const source = object.open();
  const hash = createHash('sha256');
  let at = 0;
  for (const { offset, length } of [...runs, { offset: object.size, length: 0 }]) {
    hashZeros(hash, offset - at, signal);
    const run = sliceSource(source, offset, length, object.name);
    for await (const chunk of chunksOf(run, 0, signal)) hash.update(chunk);
    at = offset + length;
  }
  return hash.digest('hex');
}

/** What an object has in these parts of it, one behind the other; in all that has data by default. */
export async function* dataOf(
  object: Recovered,
  runs: readonly DataRun[] = object.runs ?? [{ offset: 0, length: object.size }],
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const source = object.open();
  for (const { offset, length } of runs) {
    yield* chunksOf(sliceSource(source, offset, length, object.name), 0, signal);
  }
}

const ZEROS = new Uint8Array(1 << 20);

function hashZeros(
  hash: ReturnType<typeof createHash>,
  count: number,
  signal: AbortSignal | undefined,
): void {
  for (let left = count; left > 0; left -= ZEROS.length) {
    signal?.throwIfAborted();
    hash.update(ZEROS.subarray(0, Math.min(left, ZEROS.length)));
  }
}
