import { ZstdError } from './zstd-work.js';

const MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const SKIPPABLE_MASK = 0xfffffff0;
const BLOCK_HEADER = 3;
const CHECKSUM = 4;
/** Of the dictionary's ID, and of the content size, by what the descriptor says (RFC 8878, 3.1.1.1.1). */
const DICTIONARY_SIZES = [0, 1, 2, 4];
const CONTENT_SIZES = [0, 2, 4, 8];

type State = 'magic' | 'skippable size' | 'descriptor' | 'header' | 'block' | 'data' | 'checksum';

/**
 * Finds where a zstd frame ends, from the lengths in it and without decoding anything (RFC 8878, section 3.1): what
 * node's own zstd does not tell. It goes over the bytes once, in whatever pieces they come.
 */
export class FrameMeter {
  /** Bytes of its content, once the header was seen; undefined when the frame does not say, or is skippable. */
  contentSize: number | undefined;
  /** Whether it is skippable, and so has no content. */
  skippable = false;
  #state: State = 'magic';
  readonly #small: number[] = [];
  /** Bytes of the header that are wanted before the next step. */
  #wanted = 4;
  /** Bytes of a block, or of what is skipped, that are still to come. */
  #left = 0;
  #last = false;
  #descriptor = 0;

  /**
   * Takes more of the frame.
   *
   * @returns how many of the bytes are the frame's, and whether it ends with them
   * @throws ZstdError when it is no zstd frame
   */
  take(bytes: Uint8Array): { readonly used: number; readonly ended: boolean } {
    let used = 0;
    while (used < bytes.length) {
      if (this.#state === 'data') {
        const step = Math.min(this.#left, bytes.length - used);
        used += step;
        this.#left -= step;
      } else {
        this.#small.push(bytes[used] ?? 0);
        used += 1;
        if (this.#small.length < this.#wanted) continue;
        if (this.#step(this.#small.splice(0))) return { used, ended: true };
      }
      if (this.#state === 'data' && this.#left === 0 && this.#endOfData()) return { used, ended: true };
    }
    return { used, ended: false };
  }

  /** Whether any of the frame was seen. */
  get begun(): boolean {
    return this.#state !== 'magic' || this.#small.length > 0;
  }

  /** Goes on with the bytes of a header; true at the end of the frame. */
  #step(bytes: readonly number[]): boolean {
    switch (this.#state) {
      case 'magic': {
        const magic = littleEndian(bytes);
        this.skippable = (magic & SKIPPABLE_MASK) >>> 0 === SKIPPABLE_MAGIC;
        if (this.skippable) this.#expect('skippable size', 4);
        else if (magic === MAGIC) this.#expect('descriptor', 1);
        else throw new ZstdError('Unknown frame descriptor');
        return false;
      }
      case 'skippable size':
        this.#last = true;
        this.#data(littleEndian(bytes));
        return false;
      case 'descriptor':
        this.#descriptor = bytes[0] ?? 0;
        this.#expect('header', this.#headerSize());
        if (this.#wanted === 0) this.#expect('block', BLOCK_HEADER);
        return false;
      case 'header':
        this.contentSize = this.#contentSize(bytes);
        this.#expect('block', BLOCK_HEADER);
        return false;
      case 'block':
        this.#block(littleEndian(bytes));
        return false;
      default:
        return true;
    }
  }

  /** Bit 5 of the descriptor: the content is one segment, and the window is not written. */
  get #single(): boolean {
    return (this.#descriptor & 0x20) !== 0;
  }

  get #contentSizeBytes(): number {
    const flag = this.#descriptor >> 6;
    return flag === 0 && this.#single ? 1 : (CONTENT_SIZES[flag] ?? 0);
  }

  #headerSize(): number {
    return (this.#single ? 0 : 1) + (DICTIONARY_SIZES[this.#descriptor & 3] ?? 0) + this.#contentSizeBytes;
  }

  #contentSize(header: readonly number[]): number | undefined {
    const size = this.#contentSizeBytes;
    if (size === 0) return undefined;
    return littleEndian(header.slice(-size)) + (size === 2 ? 256 : 0);
  }

  #block(header: number): void {
    this.#last = (header & 1) === 1;
    const type = (header >> 1) & 3;
    if (type === 3) throw new ZstdError('Data corruption detected: a block of a reserved type');
    this.#data(type === 1 ? 1 : header >> 3); // one byte stands for all of a block of one byte repeated
  }

  #data(length: number): void {
    this.#state = 'data';
    this.#left = length;
  }

  /** What follows a block; true when that is nothing. */
  #endOfData(): boolean {
    if (!this.#last) this.#expect('block', BLOCK_HEADER);
    else if (!this.skippable && (this.#descriptor & 4) !== 0) this.#expect('checksum', CHECKSUM);
    else return true;
    return false;
  }

  #expect(state: State, bytes: number): void {
    this.#state = state;
    this.#wanted = bytes;
  }
}

/** Up to eight bytes; those of a content size beyond 2^53 lose their last digits, and are too large anyway. */
function littleEndian(bytes: readonly number[]): number {
  return bytes.reduceRight((value, byte) => value * 256 + byte, 0);
}
