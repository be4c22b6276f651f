import type { ByteSource } from './source.js';

/** Skippable frame that holds the seek table, and the magic that ends it (zstd seekable format 0.1.0). */
export const SEEK_TABLE_MAGIC = 0x184d2a5e;
export const SEEK_FOOTER_MAGIC = 0x8f92eab1;
export const SEEK_FOOTER_SIZE = 9;
const SKIPPABLE_HEADER = 8;

/** Bounds of our own: a table of 8 million frames spans 8 TiB of ours. */
const MAX_FRAMES = 8 * 1024 * 1024;
const MAX_FRAME_CONTENT = 32 * 1024 * 1024;
/** Of the compressed frame: what cannot be compressed takes a little more than it is (ZSTD_compressBound). */
const MAX_FRAME = MAX_FRAME_CONTENT + 1024 * 1024;

/** Where the frames are: frame i spans [compressed[i], compressed[i + 1]) and likewise decompressed. */
export interface SeekTable {
  readonly frames: number;
  readonly compressed: Float64Array;
  readonly decompressed: Float64Array;
}

/**
 * The seek table at the end of a zstd file.
 *
 * @returns undefined when there is none, or it does not add up to the file
 */
export async function readSeekTable(below: ByteSource): Promise<SeekTable | undefined> {
  if (below.size < SKIPPABLE_HEADER + SEEK_FOOTER_SIZE) return undefined;
  const footer = view(await below.read(below.size - SEEK_FOOTER_SIZE, SEEK_FOOTER_SIZE));
  const frames = footer.getUint32(0, true);
  const descriptor = footer.getUint8(4);
  if (footer.getUint32(5, true) !== SEEK_FOOTER_MAGIC || (descriptor & 0x7c) !== 0) return undefined;
  const stride = (descriptor & 0x80) === 0 ? 8 : 12;
  const content = frames * stride + SEEK_FOOTER_SIZE;
  const start = below.size - content - SKIPPABLE_HEADER;
  if (frames === 0 || frames > MAX_FRAMES || start < 0) return undefined;
  const bytes = view(await below.read(start, SKIPPABLE_HEADER + frames * stride));
  if (bytes.getUint32(0, true) !== SEEK_TABLE_MAGIC || bytes.getUint32(4, true) !== content) return undefined;
  const compressed = new Float64Array(frames + 1);
  const decompressed = new Float64Array(frames + 1);
  for (let frame = 0; frame < frames; frame += 1) {
    const at = SKIPPABLE_HEADER + frame * stride;
    const stored = bytes.getUint32(at, true);
    const size = bytes.getUint32(at + 4, true);
    if (stored > MAX_FRAME || size > MAX_FRAME_CONTENT) return undefined;
    compressed[frame + 1] = (compressed[frame] ?? 0) + stored;
    decompressed[frame + 1] = (decompressed[frame] ?? 0) + size;
  }
  return compressed[frames] === start ? { frames, compressed, decompressed } : undefined;
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
