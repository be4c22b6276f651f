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

/** Printable strings in the memory of a process, ascending, found across page, run and mapping boundaries. */
export async function* findStrings(
  space: AddressSpace,
  options: StringsOptions,
): AsyncGenerator<FoundString> {
  const runs = new RunFinder(options.encoding, options.min);
  let behind: bigint | undefined;
  for await (const { address, size, segment, bytes } of memoryChunks(space, options)) {
    if (behind !== undefined && (address !== behind || bytes === undefined)) yield* runs.flush();
    if (bytes !== undefined) yield* runs.push(address, bytes, segment.vma);
    behind = address + size;
  }
  yield* runs.flush();
}

/** Finds runs in a stream of bytes. The unfinished run at the end of what was seen is carried over. */
class RunFinder {
  readonly #step: number;
  readonly #regex: RegExp;
  readonly #min: number;
  #carry = '';
  #address = 0n;
  #vma: Vma | undefined;

  constructor(encoding: 'ascii' | 'utf16', min: number) {
    this.#min = min;
    this.#step = encoding === 'ascii' ? 1 : 2;
    this.#regex = encoding === 'ascii' ? /[\t -~]+/g : /(?:[\t -~]\0)+/g;
  }

  *push(address: bigint, bytes: Uint8Array, vma: Vma): Generator<FoundString> {
    const carried = this.#carry.length;
    const carriedVma = this.#vma ?? vma;
    const text = this.#carry + Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
    const base = address - BigInt(carried);
    const keep = this.#tail(text);
    for (const match of text.slice(0, keep).matchAll(this.#regex)) {
      const owner = match.index < carried ? carriedVma : vma;
      yield* this.#pieces(base + BigInt(match.index), match[0], owner);
    }
    this.#carry = text.slice(keep);
    this.#address = base + BigInt(keep);
    this.#vma = keep < carried ? carriedVma : vma;
    while (this.#carry.length > MAX_STRING * this.#step) yield* this.#takePiece(this.#vma);
  }

  /** Ends the run at hand: what comes next is not adjacent. */
  *flush(): Generator<FoundString> {
    for (const match of this.#carry.matchAll(this.#regex)) {
      if (this.#vma !== undefined)
        yield* this.#pieces(this.#address + BigInt(match.index), match[0], this.#vma);
    }
    this.#carry = '';
    this.#vma = undefined;
  }

  *#takePiece(vma: Vma): Generator<FoundString> {
    const length = MAX_STRING * this.#step;
    yield* this.#pieces(this.#address, this.#carry.slice(0, length), vma);
    this.#carry = this.#carry.slice(length);
    this.#address += BigInt(length);
  }

  *#pieces(address: bigint, run: string, vma: Vma): Generator<FoundString> {
    const most = MAX_STRING * this.#step;
    for (let at = 0; at < run.length; at += most) {
      const raw = run.slice(at, at + most);
      if (raw.length < this.#min * this.#step) continue;
      const text = this.#step === 1 ? raw : raw.replaceAll('\0', '');
      yield { address: address + BigInt(at), text, vma };
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

function isPrintable(code: number): boolean {
  return (code >= 0x20 && code < 0x7f) || code === 9;
}
