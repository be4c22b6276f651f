import type { AddressSpace, Vma } from '../criu/address-space.js';
import { memoryChunks } from './contents.js';

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

/**
 * Printable strings in the memory of a process, ascending, found across page, run and mapping boundaries; together
 * those that a piece of memory ends, for there are millions of them.
 */
export async function* findStrings(
  space: AddressSpace,
  options: StringsOptions,
): AsyncGenerator<readonly FoundString[]> {
  const finder = new RunFinder(options.encoding, options.min);
  let behind: bigint | undefined;
  for await (const { address, size, segment, bytes } of memoryChunks(space, options)) {
    if (behind !== undefined && (address !== behind || bytes === undefined)) finder.flush();
    if (bytes !== undefined) finder.push(address, bytes, segment.vma);
    behind = address + size;
    const found = finder.take();
    if (found.length > 0) yield found;
  }
  finder.flush();
  yield finder.take();
}

/** Longest run that a regular expression is made to count; larger numbers make large machines of it. */
const MAX_QUANTIFIER = 16;

/** Finds runs in a stream of bytes. The unfinished run at the end of what was seen is carried over. */
class RunFinder {
  readonly #step: number;
  readonly #min: number;
  readonly #wide: RegExp;
  #found: FoundString[] = [];
  #carry = '';
  #address = 0n;
  #vma: Vma | undefined;

  constructor(encoding: 'ascii' | 'utf16', min: number) {
    this.#min = min;
    this.#step = encoding === 'ascii' ? 1 : 2;
    this.#wide = new RegExp(`(?:[\\t -~]\\0){${Math.min(min, MAX_QUANTIFIER)},}`, 'g');
  }

  /** What was found since it was last asked for. */
  take(): readonly FoundString[] {
    const found = this.#found;
    this.#found = [];
    return found;
  }

  push(address: bigint, bytes: Uint8Array, vma: Vma): void {
    const carried = this.#carry.length;
    const carriedVma = this.#vma ?? vma;
    const text = this.#carry + Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
    const base = address - BigInt(carried);
    const keep = this.#tail(text);
    this.#runs(text, keep, (from, to) =>
      this.#pieces(base + BigInt(from), text.slice(from, to), from < carried ? carriedVma : vma),
    );
    this.#carry = text.slice(keep);
    this.#address = base + BigInt(keep);
    this.#vma = keep < carried ? carriedVma : vma;
    while (this.#carry.length > MAX_STRING * this.#step) this.#takePiece(this.#vma);
  }

  /** Ends the run at hand: what comes next is not adjacent. */
  flush(): void {
    const [carry, address, vma] = [this.#carry, this.#address, this.#vma];
    if (vma !== undefined)
      this.#runs(carry, carry.length, (from, to) =>
        this.#pieces(address + BigInt(from), carry.slice(from, to), vma),
      );
    this.#carry = '';
    this.#vma = undefined;
  }

  #takePiece(vma: Vma): void {
    const length = MAX_STRING * this.#step;
    this.#pieces(this.#address, this.#carry.slice(0, length), vma);
    this.#carry = this.#carry.slice(length);
    this.#address += BigInt(length);
  }

  /** Runs of [0, end) that are long enough, as far as that is quickly seen. */
  #runs(text: string, end: number, each: (from: number, to: number) => void): void {
    if (this.#step === 1) {
      asciiRuns(text, end, this.#min, each);
      return;
    }
    for (const { 0: run, index } of text.slice(0, end).matchAll(this.#wide)) each(index, index + run.length);
  }

  #pieces(address: bigint, run: string, vma: Vma): void {
    const most = MAX_STRING * this.#step;
    for (let at = 0; at < run.length; at += most) {
      const raw = run.slice(at, at + most);
      if (raw.length < this.#min * this.#step) continue;
      const text = this.#step === 1 ? raw : raw.replaceAll('\0', '');
      this.#found.push({ address: address + BigInt(at), text, vma });
    }
  }

  /** Where the run begins that the end of the text may have cut. */
  #tail(text: string): number {
    let at = text.length;
    if (this.#step === 1) {
      while (at > 0 && isPrintable(text.charCodeAt(at - 1))) at -= 1;
      return at;
    }
    if (at > 0 && isPrintable(text.charCodeAt(at - 1))) at -= 1; // half of a character
    while (at > 1 && text.charCodeAt(at - 1) === 0 && isPrintable(text.charCodeAt(at - 2))) at -= 2;
    return at;
  }
}

/**
 * Runs of at least `min` printable characters in [0, end). Looks at every `min`th character first: where that is not
 * printable, no run of that length lies across it.
 */
function asciiRuns(text: string, end: number, min: number, each: (from: number, to: number) => void): void {
  for (let from = 0; from + min <= end; ) {
    let at = from + min - 1;
    while (at >= from && isPrintable(text.charCodeAt(at))) at -= 1;
    if (at >= from) {
      from = at + 1;
      continue;
    }
    let to = from + min;
    while (to < end && isPrintable(text.charCodeAt(to))) to += 1;
    each(from, to);
    from = to + 1;
  }
}

function isPrintable(code: number): boolean {
  return (code >= 0x20 && code < 0x7f) || code === 9;
}
