import { FailedError } from '../../base/errors.js';
import type { ByteSource } from '../../bytes/source.js';
import { compilePattern } from '../../memory/pattern.js';
import { type Position, WindowScanner } from '../../memory/window-scanner.js';
import { BODY, type Window } from '../../memory/windows.js';
import { patternRequest } from '../core/byte-pattern.js';
import type { HexContent, HexHit } from '../core/hex.js';
import type { Run } from '../core/work.js';
import { BytePages } from './byte-pages.js';
import { proposedName, sourceExtract } from './items.js';

/** A file as hex: addresses are offsets. */
export function sourceHex(source: ByteSource, name: string, changed: () => void): HexContent {
  const pages = new BytePages(source.size, (offset, length) => source.read(offset, length), changed);
  const regions =
    source.size === 0 ? [] : [{ start: 0n, end: BigInt(source.size), label: name, heading: false }];
  return {
    kind: 'hex',
    regions,
    empty: 'empty: no bytes at all',
    peek: (address, length) => pages.peek(Number(address), length),
    find: (pattern, from, by, run) => findInSource(source, pattern, Number(from), by, run),
    extract: (from, to) => {
      const part: ByteSource = {
        name: source.name,
        size: Number(to - from),
        read: (offset, length) => source.read(Number(from) + offset, length),
        close: () => Promise.resolve(),
      };
      return {
        ...sourceExtract(name, part.size, () => part),
        name: proposedName(`${name}.${from}-${to}.bin`),
      };
    },
    whole: () => sourceExtract(name, source.size, () => source),
  };
}

/** Bytes before a match that its pattern may look at, and from its beginning on. */
const REACH = { before: 256, after: 4096 };
/** How long a regular expression may hold up the keys; honest ones take a tenth of that. */
const TIME_LIMIT_MS = 300;

/** The first match that begins after `from`, or the last one before it. */
async function findInSource(
  source: ByteSource,
  text: string,
  from: number,
  by: 1 | -1,
  run: Run,
): Promise<HexHit | undefined> {
  const pattern = compilePattern(patternRequest(text));
  const fill = async (_: number, offset: number, into: Buffer, at: number, length: number): Promise<void> => {
    into.set(await source.read(offset, length), at);
  };
  const scanner = new WindowScanner({ pattern, reach: REACH, context: 0, timeLimit: TIME_LIMIT_MS }, fill);
  const total = by > 0 ? source.size - from : from;
  for (let done = 0; done < total; done += BODY) {
    run.signal.throwIfAborted();
    run.progress(done, total);
    const start = by > 0 ? from + 1 + done : Math.max(0, from - done - BODY);
    const end = by > 0 ? Math.min(source.size, start + BODY) : from - done;
    if (start >= end) break;
    const hit = await firstOrLast(scanner, windowOf(source, start, end), by, run.signal);
    if (hit !== undefined) return hit;
  }
  return undefined;
}

/** A window over matches that begin in [start, end), with what they may reach before and after. */
function windowOf(source: ByteSource, start: number, end: number): Window {
  const begin = Math.max(0, start - REACH.before);
  const length = Math.min(source.size, end + REACH.after) - begin;
  const pieces = [{ image: 0, offset: begin, length }];
  return { address: BigInt(begin), from: start - begin, to: end - begin, pieces };
}

/** The hit in a window that a search in a direction meets first. */
async function firstOrLast(
  scanner: WindowScanner,
  window: Window,
  by: 1 | -1,
  signal: AbortSignal,
): Promise<HexHit | undefined> {
  let position: Position | undefined = { window: 0, offset: 0 };
  let last: HexHit | undefined;
  while (position !== undefined) {
    const { hits, stopped, resume } = await scanner.scan([window], position, signal);
    const hit = by > 0 ? hits[0] : hits.at(-1);
    if (hit !== undefined) last = { address: window.address + BigInt(hit.offset), length: hit.bytes.length };
    if (by > 0 && last !== undefined) return last;
    if (stopped.length > 0) {
      throw new FailedError('the regular expression takes too long', { remedy: 'make it less ambiguous' });
    }
    position = resume;
  }
  return last;
}
