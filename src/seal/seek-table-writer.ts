import { SEEK_FOOTER_MAGIC, SEEK_FOOTER_SIZE, SEEK_TABLE_MAGIC } from '../bytes/seek-table.js';

const SKIPPABLE_HEADER = 8;
const ENTRY_SIZE = 8;

/** Collects the frames of a zstd file and writes them down as its seek table (zstd seekable format 0.1.0). */
export class SeekTableWriter {
  readonly #sizes: number[] = [];

  /** @param contentSize - 0 for a skippable frame */
  add(compressedSize: number, contentSize: number): void {
    this.#sizes.push(compressedSize, contentSize);
  }

  /** The whole skippable frame, without checksums: age authenticates every chunk. */
  encode(): Uint8Array {
    const frames = this.#sizes.length / 2;
    const length = SKIPPABLE_HEADER + frames * ENTRY_SIZE + SEEK_FOOTER_SIZE;
    const bytes = Buffer.alloc(length);
    bytes.writeUInt32LE(SEEK_TABLE_MAGIC, 0);
    bytes.writeUInt32LE(length - SKIPPABLE_HEADER, 4);
    for (const [index, size] of this.#sizes.entries())
      bytes.writeUInt32LE(size, SKIPPABLE_HEADER + 4 * index);
    bytes.writeUInt32LE(frames, length - SEEK_FOOTER_SIZE);
    bytes.writeUInt32LE(SEEK_FOOTER_MAGIC, length - 4);
    return bytes;
  }
}
