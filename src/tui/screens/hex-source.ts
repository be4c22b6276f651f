import type { ByteSource } from '../../bytes/source.js';
import { compilePattern } from '../../memory/pattern.js';
import { createScanner } from '../../memory/scan.js';
import type { HexContent, Hit, Run } from '../core/hex.js';
import { BytePages } from './byte-pages.js';
import { safeName, sourceExtract } from './items.js';
import { patternRequest } from './pattern-request.js';

/** A file as hex: addresses are offsets. */
export function sourceHex(source: ByteSource, name: string, changed: () => void): HexContent {
  const pages = new BytePages(source.size, (offset, length) => source.read(offset, length), changed);
  const regions = source.size === 0 ? [] : [{ start: 0n, end: BigInt(source.size), label: name }];
  return {
    kind: 'hex',
    regions,
    headings: false,
    empty: 'empty: no bytes at all',
    peek: (address, length) => pages.peek(Number(address), length),
    find: (pattern, from, by, run) => findInSource(source, pattern, Number(from), by, run),
    extract: (from, to) => {
      const whole = sourceExtract(name, source.size, () => source);
      if (from === 0n && to === BigInt(source.size)) return whole;
      const part: ByteSource = {
        name: source.name,
        size: Number(to - from),
        read: (offset, length) => source.read(Number(from) + offset, length),
        close: () => Promise.resolve(),
      };
      return { ...sourceExtract(name, part.size, () => part), name: safeName(`${name}.${from}-${to}.bin`) };
    },
  };
}

const WINDOW = 1 << 20;
/** A match is found whole if it is no longer than this. */
const REACH = 4096;

/** The first match that begins after `from`, or the last one before it. */
async function findInSource(
  source: ByteSource,
  text: string,
  from: number,
  by: 1 | -1,
  run: Run,
): Promise<Hit | undefined> {
  const scanner = createScanner(compilePattern(patternRequest(text)));
  const total = by > 0 ? source.size - from : from;
  for (let done = 0; done < total; done += WINDOW) {
    run.signal.throwIfAborted();
    run.progress(done, total);
    const start = by > 0 ? from + 1 + done : Math.max(0, from - done - WINDOW);
    const end = by > 0 ? Math.min(source.size, start + WINDOW) : from - done;
    if (start >= end) break;
    const bytes = await source.read(start, Math.min(source.size, end + REACH) - start);
    const window = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const hit = firstOrLast(scanner, window, end - start, by);
    if (hit !== undefined) return { address: BigInt(start + hit.offset), length: hit.length };
  }
  return undefined;
}

/** The hit of a window that a search in a direction meets first. */
function firstOrLast(
  scanner: ReturnType<typeof createScanner>,
  window: Buffer,
  to: number,
  by: 1 | -1,
): { offset: number; length: number } | undefined {
  if (by > 0) return scanner.scan(window, 0, to, 1).hits[0];
  return scanner.scan(window, 0, to, Number.MAX_SAFE_INTEGER).hits.at(-1);
}
