import { formatAddress } from '../base/units.js';
import type { StringRuns } from '../memory/strings.js';

/** How a string is written: what comes before it, itself with some characters escaped, what comes behind it. */
export interface LineFormat {
  /**
   * What comes before a string at this address: the same for all strings of a mapping but for the address, which is
   * there as `formatAddress` writes it, and nothing but ASCII before that.
   */
  readonly head: (address: bigint, runs: StringRuns) => string;
  readonly tail: string;
  /** Characters that are written as a backslash and another one: a tab and a backslash at least. */
  readonly escapes: Readonly<Record<string, string>>;
}

/** Output is handed over when so many bytes of it are there. */
const BATCH = 1024 * 1024;
/** Addresses that differ by less than this share a head; the hex digits that this leaves are written anew. */
const SHARED = 1 << 16;
const DIGITS = 4;
const HEX = Buffer.from('0123456789abcdef');
const BACKSLASH = 0x5c;

/**
 * Makes lines of the millions of strings that memory holds: bytes of output out of bytes of memory, without an object
 * for each string. Strings are printable ASCII, so that little of them needs an escape.
 */
export class StringLines {
  readonly #format: LineFormat;
  readonly #tail: Buffer;
  /** Bytes of a character in memory. */
  readonly #step: number;
  /** What comes behind the backslash, by character; 0 for what is written as it is. */
  readonly #escapes = new Uint8Array(256);
  #block = Buffer.allocUnsafe(2 * BATCH);
  #used = 0;

  constructor(format: LineFormat, step: 1 | 2) {
    this.#format = format;
    this.#tail = Buffer.from(format.tail);
    this.#step = step;
    for (const [character, behind] of Object.entries(format.escapes)) {
      this.#escapes[character.charCodeAt(0)] = behind.charCodeAt(0);
    }
  }

  /** Takes strings, and gives the output that is full: pieces that are valid until the next is asked for. */
  *add(runs: StringRuns): Generator<Uint8Array> {
    const { address, bytes, spans } = runs;
    const low = Number(address % BigInt(SHARED));
    let head = Buffer.alloc(0);
    let shared = -1; // which addresses the head is for
    let digits = 0; // where in it their last digits are; 0 for addresses that do not have as many
    for (let i = 0; i < spans.length; i += 2) {
      const [from = 0, to = 0] = [spans[i], spans[i + 1]];
      const offset = low + from;
      if (offset >>> 16 !== shared || digits === 0) {
        shared = offset >>> 16;
        const here = formatAddress(address + BigInt(from));
        const text = this.#format.head(address + BigInt(from), runs);
        head = Buffer.from(text);
        digits = here.length < DIGITS + 2 ? 0 : text.indexOf(here) + here.length - DIGITS;
      }
      const most = head.length + (2 * (to - from)) / this.#step + this.#tail.length;
      if (this.#used + most > this.#block.length) {
        yield* this.take();
        if (most > this.#block.length) this.#block = Buffer.allocUnsafe(most);
      }
      const start = this.#used;
      this.#copy(head);
      if (digits > 0) writeDigits(this.#block, start + digits, offset);
      this.#escape(bytes, from, to);
      this.#copy(this.#tail);
      if (this.#used >= BATCH) yield* this.take();
    }
  }

  /** What is left. */
  *take(): Generator<Uint8Array> {
    if (this.#used > 0) yield this.#block.subarray(0, this.#used);
    this.#used = 0;
  }

  /** For the few bytes that these are, a loop is faster than `set`. */
  #copy(bytes: Uint8Array): void {
    const block = this.#block;
    const at = this.#used;
    for (let i = 0; i < bytes.length; i += 1) block[at + i] = bytes[i] ?? 0;
    this.#used = at + bytes.length;
  }

  #escape(bytes: Uint8Array, from: number, to: number): void {
    const block = this.#block;
    const escapes = this.#escapes;
    const step = this.#step;
    let at = this.#used;
    for (let i = from; i < to; i += step) {
      const code = bytes[i] ?? 0;
      const behind = escapes[code] ?? 0;
      if (behind !== 0) block[at++] = BACKSLASH;
      block[at++] = behind === 0 ? code : behind;
    }
    this.#used = at;
  }
}

function writeDigits(block: Uint8Array, at: number, value: number): void {
  for (let i = 0; i < DIGITS; i += 1) block[at + i] = HEX[(value >>> (4 * (DIGITS - 1 - i))) & 15] ?? 0;
}
