/** Stands for the length of a frame that is stored as it is. No compressed frame is that short. */
export const STORED = 0;

/** Content of one raw block; the most that a block may have (RFC 8878, 3.1.1.2.4). */
const BLOCK_SIZE = 128 * 1024;
const BLOCK_HEADER = 3;
/** Magic number, then the frame header: single segment, content size in four bytes (RFC 8878, 3.1.1.1). */
const START = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0xa0);
const FRAME_HEADER = START.length + 4;

/**
 * A zstd frame that stores its content as it is, for what compressing would not make smaller.
 *
 * @param content - not empty
 * @returns the frame in pieces, those of the content being views of it: nothing is copied
 */
export function storedFrame(content: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let from = 0; from < content.length; from += BLOCK_SIZE) {
    const block = content.subarray(from, from + BLOCK_SIZE);
    const start = from === 0 ? FRAME_HEADER : 0;
    const header = Buffer.alloc(start + BLOCK_HEADER);
    if (from === 0) {
      header.set(START);
      header.writeUInt32LE(content.length, START.length);
    }
    const last = from + BLOCK_SIZE >= content.length ? 1 : 0;
    header.writeUIntLE(last | (block.length << 3), start, BLOCK_HEADER); // type 0, raw, in bits 1 and 2
    pieces.push(header, block);
  }
  return pieces;
}
