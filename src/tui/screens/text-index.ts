import { bisectList } from '../../base/bisect.js';
import type { ByteSource } from '../../bytes/source.js';

/** A line longer than this is several rows. */
export const ROW_MOST = 16 * 1024;
/** Where the rows begin is remembered once for so many bytes, and found again from there. */
export const TEXT_BLOCK = 64 * 1024;
const WINDOW = 1 << 20;
const LF = 0x0a;

/** Rows that begin in one stretch of the text. */
export interface TextBlock {
  readonly number: number;
  /** Number of the first row. */
  readonly first: number;
  /** Where the first row begins, and where the last one ends. */
  readonly start: number;
  readonly end: number;
}

/**
 * Which rows a text has, found by reading it from the beginning, a window at a time, for as long as somebody asks.
 * Of a gigabyte it keeps 16,384 offsets, however short or long its lines are.
 */
export class TextIndex {
  readonly #source: ByteSource;
  readonly #starts: number[] = [];
  readonly #firsts: number[] = [];
  #rows = 0;
  /** Up to here every row is known. */
  #known = 0;
  #extending: Promise<void> | undefined;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  get rows(): number {
    return this.#rows;
  }

  /** Bytes whose rows are known. */
  get known(): number {
    return this.#known;
  }

  get done(): boolean {
    return this.#known >= this.#source.size;
  }

  /** Reads on by a window; several callers share one reading. */
  extend(): Promise<void> {
    this.#extending ??= this.#extend().finally(() => {
      this.#extending = undefined;
    });
    return this.#extending;
  }

  /** The block in which a row begins, if it is known yet. */
  blockOf(row: number): TextBlock | undefined {
    if (row < 0 || row >= this.#rows) return undefined;
    return this.block(bisectList(this.#firsts, (first) => first <= row) - 1);
  }

  block(number: number): TextBlock | undefined {
    const [start, first] = [this.#starts[number], this.#firsts[number]];
    if (start === undefined || first === undefined) return undefined;
    return { number, first, start, end: this.#starts[number + 1] ?? this.#known };
  }

  async #extend(): Promise<void> {
    if (this.done) return;
    const start = this.#known;
    const length = Math.min(WINDOW, this.#source.size - start);
    const bytes = await this.#source.read(start, length);
    const last = start + length === this.#source.size;
    this.#known =
      start +
      eachRow(bytes, last, (at) => {
        // a row is shorter than a block, so each block has one that begins in it
        if (Math.floor((start + at) / TEXT_BLOCK) >= this.#starts.length) {
          this.#starts.push(start + at);
          this.#firsts.push(this.#rows);
        }
        this.#rows += 1;
      });
  }
}

/**
 * Calls back with the offset of each whole row in bytes that begin with one; a line that is too long is cut between
 * characters.
 *
 * @param last - whether the text ends where the bytes do
 * @returns where the first row begins that is not whole
 */
export function eachRow(bytes: Uint8Array, last: boolean, onRow: (start: number) => void): number {
  let start = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    if (bytes[at] === LF) {
      onRow(start);
      start = at + 1;
    } else if (at - start === ROW_MOST) {
      onRow(start);
      start = cutBefore(bytes, at);
    }
  }
  if (last && start < bytes.length) {
    onRow(start);
    return bytes.length;
  }
  return start;
}

/** The beginning of the UTF-8 character that the byte at an offset belongs to. */
function cutBefore(bytes: Uint8Array, at: number): number {
  for (let begin = at; begin > at - 4; begin -= 1) {
    if (((bytes[begin] ?? 0) & 0xc0) !== 0x80) return begin;
  }
  return at;
}
