import type { AddressSpace, Vma } from '../criu/address-space.js';
import { CHUNK, memoryChunks } from './contents.js';
import { asciiRuns, type RunScanner, wideRuns } from './runs.js';

/** A run of printable characters in memory. */
export interface FoundString {
  readonly address: bigint;
  /** ASCII: 0x20 to 0x7e, and tabs. */
  readonly text: string;
  /** The mapping that it begins in. */
  readonly vma: Vma;
}

export interface StringsOptions {
  readonly start?: bigint;
  readonly end?: bigint;
  /** `utf16`: little-endian, at any alignment. */
  readonly encoding: 'ascii' | 'utf16';
  /** Shortest run reported, in characters. */
  readonly min: number;
  readonly signal?: AbortSignal | undefined;
}

/** Runs longer than this come in pieces of this many characters. */
export const MAX_STRING = 64 * 1024;

/** Strings in a piece of memory, as the bytes that they are there. Valid until the next piece is asked for. */
export interface StringRuns {
  /** Address of the first of the bytes. */
  readonly address: bigint;
  readonly bytes: Uint8Array;
  /** Of each string the offsets in `bytes` of its first byte and of the one behind it, ascending. */
  readonly spans: Uint32Array;
  /** The mapping that these begin in. */
  readonly vma: Vma;
}

/**
 * Printable strings in the memory of a process, ascending, found across page, run and mapping boundaries; together
 * those that a piece of memory ends, for there are millions of them.
 */
export async function* findStrings(
  space: AddressSpace,
  options: StringsOptions,
): AsyncGenerator<readonly FoundString[]> {
  const step = stepOf(options);
  for await (const { address, bytes, spans, vma } of stringRuns(space, options)) {
    const found: FoundString[] = [];
    for (let i = 0; i < spans.length; i += 2) {
      const [from = 0, to = 0] = [spans[i], spans[i + 1]];
      const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1');
      found.push({
        address: address + BigInt(from),
        text: step === 1 ? text : text.replaceAll('\0', ''),
        vma,
      });
    }
    yield found;
  }
}

/** The same without an object for each string, nor its text. */
export async function* stringRuns(space: AddressSpace, options: StringsOptions): AsyncGenerator<StringRuns> {
  const finder = new RunFinder(options);
  let behind: bigint | undefined;
  for await (const { address, size, segment, bytes } of memoryChunks(space, options)) {
    if (behind !== undefined && (address !== behind || bytes === undefined)) yield* finder.flush();
    if (bytes !== undefined) yield* finder.push(address, bytes, segment.vma);
    behind = address + size;
  }
  yield* finder.flush();
}

/** Bytes of a character. */
export function stepOf({ encoding }: Pick<StringsOptions, 'encoding'>): 1 | 2 {
  return encoding === 'ascii' ? 1 : 2;
}

/** Finds runs in a stream of bytes. The unfinished run at the end of what was seen is carried over. */
class RunFinder {
  readonly #scan: RunScanner;
  readonly #min: number;
  /** Bytes of a character, and of the longest piece of a run. */
  readonly #step: number;
  readonly #most: number;
  /** What is carried over, and room for a chunk behind it. */
  readonly #bytes: Uint8Array;
  #carried = 0;
  /** Where what is carried over begins, and the mapping in which its run does. */
  #address = 0n;
  #vma: Vma | undefined;
  /** Room for the strings of all that fits. */
  readonly #spans: Uint32Array;
  #used = 0;

  constructor(options: StringsOptions) {
    this.#step = stepOf(options);
    this.#min = options.min;
    this.#scan = this.#step === 1 ? asciiRuns : wideRuns;
    this.#most = MAX_STRING * this.#step;
    this.#bytes = new Uint8Array(this.#most + CHUNK);
    this.#spans = new Uint32Array(this.#bytes.length + 2);
  }

  /** What comes next in memory, at most a chunk of it. */
  *push(address: bigint, chunk: Uint8Array, vma: Vma): Generator<StringRuns> {
    const carried = this.#carried;
    const carriedVma = this.#vma ?? vma;
    const end = carried + chunk.length;
    const base = address - BigInt(carried);
    this.#bytes.set(chunk, carried);
    const bytes = this.#bytes.subarray(0, end);
    let older = 0; // so much of the spans is of the run that was carried over
    const run = this.#scan(bytes, carried, this.#min, (from, to) => {
      this.#pieces(from, to);
      if (from < carried) older = this.#used;
    });
    let keep = run;
    for (; end - keep > this.#most; keep += this.#most) this.#pieces(keep, keep + this.#most);
    if (run < carried) older = this.#used;
    yield* this.#take(base, 0, older, carriedVma);
    yield* this.#take(base, older, this.#used, vma);
    this.#bytes.copyWithin(0, keep, end);
    this.#carried = end - keep;
    this.#address = base + BigInt(keep);
    this.#vma = run < carried ? carriedVma : vma;
    this.#used = 0;
  }

  /** Ends the run at hand: what comes next is not adjacent. */
  *flush(): Generator<StringRuns> {
    this.#pieces(0, this.#carried - (this.#carried % this.#step));
    if (this.#vma !== undefined) yield* this.#take(this.#address, 0, this.#used, this.#vma);
    this.#carried = 0;
    this.#vma = undefined;
    this.#used = 0;
  }

  *#take(address: bigint, from: number, to: number, vma: Vma): Generator<StringRuns> {
    if (from < to) yield { address, bytes: this.#bytes, spans: this.#spans.subarray(from, to), vma };
  }

  #pieces(from: number, to: number): void {
    for (let at = from; at < to; at += this.#most) {
      const end = Math.min(to, at + this.#most);
      if (end - at < this.#min * this.#step) continue;
      this.#spans[this.#used++] = at;
      this.#spans[this.#used++] = end;
    }
  }
}
