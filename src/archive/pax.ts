import { FormatError } from '../base/errors.js';
import { decodeText } from '../base/text.js';
import type { SparseRun } from './entry.js';

/** What pax records say about an entry; undefined where they say nothing. */
export interface PaxFacts {
  path?: string;
  linkpath?: string;
  size?: number;
  uid?: number;
  gid?: number;
  uname?: string;
  gname?: string;
  mtime?: number;
  /** GNU.sparse.major, for format 1.0: the map then stands before the data. */
  sparseMajor?: number;
  /** GNU.sparse.size or GNU.sparse.realsize: the size with its holes. */
  sparseSize?: number;
  /** Map of the formats 0.0 and 0.1, as a flat list: offset, length, offset, length, ... */
  sparseMap?: number[];
}

/**
 * Takes over the records of one pax extended header ("LENGTH KEY=VALUE\n", POSIX.1-2001) into `facts`. Keys that
 * say nothing about where and what an entry is (atime, extended attributes, vendors' own) are left aside.
 *
 * @throws FormatError naming the record's offset
 */
export function readPaxRecords(body: Uint8Array, where: string, bodyOffset: number, facts: PaxFacts): void {
  let at = 0;
  while (at < body.length) {
    // Some writers pad the body with NULs.
    if (body[at] === 0) return;
    const fail = (problem: string): FormatError => new FormatError(where, bodyOffset + at, problem);
    const space = body.indexOf(0x20, at);
    const digits = space < 0 || space - at > 10 ? '' : decodeText(body.subarray(at, space));
    const length = /^[0-9]+$/.test(digits) ? Number(digits) : 0;
    const end = at + length;
    if (length < 5 || end > body.length || body[end - 1] !== 0x0a)
      throw fail('this pax record has no right length');
    const equals = body.indexOf(0x3d, space);
    if (equals < 0 || equals >= end) throw fail('this pax record has no key');
    const key = decodeText(body.subarray(space + 1, equals));
    const value = decodeText(body.subarray(equals + 1, end - 1));
    takeRecord(facts, key, value, fail);
    at = end;
  }
}

function takeRecord(
  facts: PaxFacts,
  key: string,
  value: string,
  fail: (problem: string) => FormatError,
): void {
  const whole = (): number => {
    const number = /^[0-9]{1,16}$/.test(value) ? Number(value) : Number.NaN;
    if (!Number.isSafeInteger(number)) throw fail(`its ${key} is no number below 2^53`);
    return number;
  };
  switch (key) {
    case 'path':
    case 'GNU.sparse.name':
      if (value !== '') facts.path = value;
      return;
    case 'linkpath':
      if (value !== '') facts.linkpath = value;
      return;
    case 'uname':
      facts.uname = value;
      return;
    case 'gname':
      facts.gname = value;
      return;
    case 'size':
      if (value !== '') facts.size = whole();
      return;
    case 'uid':
      if (value !== '') facts.uid = whole();
      return;
    case 'gid':
      if (value !== '') facts.gid = whole();
      return;
    case 'mtime':
      if (!/^-?[0-9]{1,16}(\.[0-9]*)?$/.test(value)) throw fail('its mtime is no time');
      facts.mtime = Number(value);
      return;
    case 'GNU.sparse.major':
      facts.sparseMajor = whole();
      return;
    case 'GNU.sparse.size':
    case 'GNU.sparse.realsize':
      facts.sparseSize = whole();
      return;
    case 'GNU.sparse.offset':
    case 'GNU.sparse.numbytes':
      facts.sparseMap ??= [];
      facts.sparseMap.push(whole());
      return;
    case 'GNU.sparse.map':
      facts.sparseMap = value === '' ? [] : value.split(',').map(Number);
      return;
    default:
  }
}

/**
 * Checks a sparse map and joins its numbers to runs: ascending, not overlapping, within the entry's size, and as
 * long together as the data that is stored.
 *
 * @throws FormatError at `offset`
 */
export function sparseRuns(
  numbers: readonly number[],
  size: number,
  stored: number,
  where: string,
  offset: number,
): SparseRun[] {
  const runs: SparseRun[] = [];
  let end = 0;
  let sum = 0;
  for (let at = 0; at < numbers.length; at += 2) {
    const [start, length] = [numbers[at], numbers[at + 1]];
    const sane = Number.isSafeInteger(start) && Number.isSafeInteger(length);
    if (!sane || start === undefined || length === undefined || start < end || length < 0) {
      throw new FormatError(where, offset, 'its sparse map is not ascending');
    }
    end = start + length;
    sum += length;
    if (end > size) throw new FormatError(where, offset, 'its sparse map reaches beyond its size');
    if (length > 0) runs.push({ offset: start, length });
  }
  if (sum !== stored)
    throw new FormatError(where, offset, 'its sparse map does not fit the data that is stored');
  return runs;
}
