import { UnsafeError } from '../base/errors.js';
import { encodeText } from '../base/text.js';
import type { PackEntry } from './pack-entry.js';
import { LIMITS } from './tar-budget.js';
import { padded, TAR_BLOCK } from './tar-fields.js';

/** The most that the fields of a ustar header hold: bytes of a name; ids and seconds as tar-stream writes them. */
export const HEADER_MOST = { name: 100, id: 0o777777, seconds: 0x7fffffff } as const;

/** What an entry needs besides its ustar header. */
export interface PaxHeader {
  /** The body of a pax extended header, in whole blocks; empty when none is needed. */
  readonly records: Buffer;
  /** The map of a sparse entry, in whole blocks, to stand before its data (pax sparse format 1.0 of GNU tar). */
  readonly map: Buffer;
}

/**
 * Names are written as bytes. POSIX has UTF-8 there unless `hdrcharset` says BINARY, as it does for names that are not:
 * bsdtar and Python's tarfile go by it, GNU tar takes what is no UTF-8 as bytes anyway.
 *
 * @throws UnsafeError when the name, or what is to be said of holes, is more than a reader takes
 */
export function paxHeader({ name, size, uid, gid, mtime, sparse }: PackEntry): PaxHeader {
  const records: Buffer[] = [];
  const add = (key: string, value: string | Buffer): void => void records.push(record(key, value));
  const bytes = encodeText(name);
  if (!name.isWellFormed()) add('hdrcharset', 'BINARY');
  if (sparse !== undefined) {
    add('GNU.sparse.major', '1');
    add('GNU.sparse.minor', '0');
    add('GNU.sparse.name', bytes);
    add('GNU.sparse.realsize', String(size));
  } else if (bytes.length > HEADER_MOST.name || !/^[ -~]*$/.test(name)) {
    add('path', bytes);
  }
  if (uid > HEADER_MOST.id) add('uid', String(uid));
  if (gid > HEADER_MOST.id) add('gid', String(gid));
  if (mtime < 0 || mtime > HEADER_MOST.seconds || !Number.isInteger(mtime)) add('mtime', decimal(mtime));
  const body = Buffer.concat(records);
  if (body.length + 2 * TAR_BLOCK > LIMITS.extension) {
    throw new UnsafeError(`a name of ${bytes.length} bytes, more than the header of a tar may hold`);
  }
  const filled = body.length === 0 ? body : Buffer.concat([body, filler(body.length)]);
  return { records: filled, map: sparse === undefined ? Buffer.alloc(0) : sparseMap(sparse, size) };
}

/** What stands in the ustar header in place of a name that has no room there; whoever knows no pax takes it for it. */
export function standInName(name: string, sparse: boolean): string {
  const plain = name.replace(/[^ -~]/gu, '_');
  const marked = sparse ? `GNUSparseFile.0/${plain}` : plain;
  return marked.slice(0, HEADER_MOST.name).replace(/\/+$/, '');
}

/** "LENGTH KEY=VALUE\n", where the length counts its own digits too (POSIX.1-2001, pax). */
function record(key: string, value: string | Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value), Buffer.from('\n')]);
  let length = rest.length;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

/** A record that says nothing and makes whole blocks of what has `length` bytes. */
function filler(length: number): Buffer {
  const least = record('comment', '').length + 2; // room for the digits of its length
  let room = padded(length) - length;
  if (room === 0) return Buffer.alloc(0);
  if (room < least) room += TAR_BLOCK;
  const frame = `${room} comment=\n`.length;
  return Buffer.from(`${room} comment=${' '.repeat(room - frame)}\n`);
}

function decimal(seconds: number): string {
  return seconds.toFixed(6).replace(/\.?0+$/, '');
}

/** How many runs, then where each is and how long, a number a line; an empty run at the end where that is a hole. */
function sparseMap(runs: NonNullable<PackEntry['sparse']>, size: number): Buffer {
  if (runs.length >= LIMITS.sparseRuns) throw new UnsafeError('more holes than a tar may list');
  const last = runs.at(-1);
  const listed =
    last !== undefined && last.offset + last.length === size ? runs : [...runs, { offset: size, length: 0 }];
  const text = Buffer.from(
    [listed.length, ...listed.flatMap(({ offset, length }) => [offset, length])]
      .map((number) => `${number}\n`)
      .join(''),
  );
  return Buffer.concat([text, Buffer.alloc(padded(text.length) - text.length)]);
}
