import type { SparseRun } from '../archive/entry.js';
import type { PackEntry } from '../archive/pack-entry.js';
import { paxHeader } from '../archive/pax-write.js';
import { LIMITS } from '../archive/tar-budget.js';
import { type ColdcaseError, FormatError, IntegrityError, UnsafeError } from '../base/errors.js';
import { directoriesOf, FreePaths } from './free-paths.js';
import { dataOf } from './recover.js';
import type { Recovered } from './recovered.js';

/** The name of a recovered object in a tar; or why it is in none. */
export type Place = { readonly name: string } | { readonly reason: ColdcaseError };

/** Zeros between two parts that are fewer than this are written: a page, as holes are of pages. */
const LEAST_HOLE = 4096;
/** Seconds that a `Date` can hold, to both sides of 1970. */
const MOST_SECONDS = 8_640_000_000_000;
const MOST_ID = 0xffffffff;
/** Of what has no permissions. */
const MODE = 0o600;

/**
 * Where recovered objects are in a tar: each under a name of its own, which is safe. What a reader of tars would not take
 * is left out: the tar must be one that can be sealed and read.
 */
export function placeObjects(objects: readonly Recovered[]): readonly Place[] {
  const paths = new FreePaths(directoriesOf(objects.map(({ path }) => path)));
  const left = { entries: LIMITS.entries - 1, names: LIMITS.names, runs: LIMITS.sparseRuns };
  return objects.map((object) => {
    try {
      const name = paths.take(object.path);
      const entry = packObject(object, name, 0);
      paxHeader(entry); // what no header can say is found now, not in the middle of the tar
      left.entries -= 1;
      left.names -= name.length;
      const runs = entry.sparse?.length ?? 0;
      if (left.entries < 0 || left.names < 0 || left.runs < runs) {
        throw new UnsafeError('one more than a tar that is read again may hold');
      }
      left.runs -= runs;
      return { name };
    } catch (error) {
      if (!(error instanceof UnsafeError || error instanceof IntegrityError)) throw error;
      return { reason: error };
    }
  });
}

/**
 * The entry of an object, with its owner, permissions and time; holes stay holes. What has no owner is root's.
 *
 * @param time - of what has none: when all of it was as it is, seconds since 1970 UTC
 * @throws FormatError when the parts of it that are data overlap
 */
export function packObject(object: Recovered, name: string, time: number, signal?: AbortSignal): PackEntry {
  const { size, mode = MODE, owner, mtime } = object;
  const runs = joined(object);
  const whole = runs.length === 1 && runs[0]?.offset === 0 && runs[0].length === size;
  return {
    ...{ name, size, mode: mode & 0o7777, uid: idOf(owner?.uid), gid: idOf(owner?.gid) },
    mtime: [mtime, time].find((seconds) => seconds !== undefined && Math.abs(seconds) <= MOST_SECONDS) ?? 0,
    ...(whole || size === 0 ? {} : { sparse: runs }),
    content: () => dataOf(object, runs, signal),
  };
}

/** Where an object has data, parts that are nearly beside one another as one. */
function joined({ runs, size, image }: Recovered): readonly SparseRun[] {
  if (runs === undefined) return [{ offset: 0, length: size }];
  const joint: { offset: number; length: number }[] = [];
  let end = 0;
  for (const { offset, length } of runs) {
    if (offset < end) throw new FormatError(image, undefined, 'parts of a file in it overlap');
    const last = joint.at(-1);
    if (last !== undefined && offset - end < LEAST_HOLE) last.length = offset + length - last.offset;
    else if (length > 0) joint.push({ offset, length });
    end = offset + length;
  }
  return joint;
}

/** Other numbers are none that a kernel gives out. */
function idOf(id: number | undefined): number {
  return id !== undefined && Number.isInteger(id) && id >= 0 && id <= MOST_ID ? id : 0;
}
