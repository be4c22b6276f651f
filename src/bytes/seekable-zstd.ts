import { FormatError } from '../base/errors.js';
import { ByteCache } from './lru.js';
import { requireRange } from './range.js';
import type { ByteSource } from './source.js';
import { decodeFrame } from './zstd.js';

/** Skippable frame that holds the seek table, and the magic that ends it (zstd seekable format 0.1.0). */
export const SEEK_TABLE_MAGIC = 0x184d2a5e;
export const SEEK_FOOTER_MAGIC = 0x8f92eab1;
export const SEEK_FOOTER_SIZE = 9;
const SKIPPABLE_HEADER = 8;

/** Bounds of our own: a table of 8 million frames spans 8 TiB of ours. */
const MAX_FRAMES = 8 * 1024 * 1024;
const MAX_FRAME_CONTENT = 32 * 1024 * 1024;
const CACHE = 32 * 1024 * 1024;
/** What is kept for a reader that goes from start to end and copies what it is given. */
const RECYCLED = 4 * 1024 * 1024;
/** Compressed bytes read at once where a range spans many frames. */
const BATCH = 2 * 1024 * 1024;

/** Where the frames are: frame i spans [compressed[i], compressed[i + 1]) and likewise decompressed. */
export interface SeekTable {
  readonly frames: number;
  readonly compressed: Float64Array;
  readonly decompressed: Float64Array;
}

/**
 * Opens a zstd file that ends in a seek table, for reading at any offset of its content.
 *
 * @returns undefined when there is no seek table, when it does not add up to the file, or when its frames are too
 * large to be read at random: the file can then be read as a stream
 * @param recycle - see {@link SeekableZstd}
 */
export async function openSeekableZstd(
  below: ByteSource,
  recycle = false,
): Promise<SeekableZstd | undefined> {
  const table = await readSeekTable(below);
  return table === undefined ? undefined : new SeekableZstd(below, table, recycle);
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
    const size = bytes.getUint32(at + 4, true);
    if (size > MAX_FRAME_CONTENT) return undefined;
    compressed[frame + 1] = (compressed[frame] ?? 0) + bytes.getUint32(at, true);
    decompressed[frame + 1] = (decompressed[frame] ?? 0) + size;
  }
  return compressed[frames] === start ? { frames, compressed, decompressed } : undefined;
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/**
 * The content of a seekable zstd file. Keeps 32 MiB of decoded frames; with `recycle` 4 MiB, whose memory it uses
 * again: then what a read gives is good until the next read only.
 */
export class SeekableZstd implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly #below: ByteSource;
  readonly #table: SeekTable;
  readonly #cache: ByteCache<number>;
  #spare: Uint8Array | undefined;

  constructor(below: ByteSource, table: SeekTable, recycle = false) {
    const keep = (bytes: Uint8Array): void => {
      this.#spare = bytes;
    };
    this.#cache = recycle ? new ByteCache(RECYCLED, keep) : new ByteCache(CACHE);
    this.#below = below;
    this.#table = table;
    this.name = below.name;
    this.size = table.decompressed[table.frames] ?? 0;
  }

  /** The last frame of the table as it stands in the file, when it has no content: a skippable frame. */
  async lastEmptyFrame(): Promise<{ readonly bytes: Uint8Array; readonly offset: number } | undefined> {
    const last = this.#table.frames - 1;
    const [offset, size] = this.#span(this.#table.compressed, last);
    const [, content] = this.#span(this.#table.decompressed, last);
    return content === 0 && size > 0 ? { bytes: await this.#below.read(offset, size), offset } : undefined;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    requireRange(this, offset, length);
    if (length === 0) return new Uint8Array(0);
    const first = this.#frameAt(offset);
    const [start, size] = this.#span(this.#table.decompressed, first);
    if (offset + length <= start + size) {
      return (await this.#frame(first, first)).subarray(offset - start, offset - start + length);
    }
    const bytes = Buffer.allocUnsafeSlow(length);
    const last = this.#frameAt(offset + length - 1);
    for (let frame = first; frame <= last; frame += 1) {
      const [at, contentSize] = this.#span(this.#table.decompressed, frame);
      if (contentSize === 0) continue;
      const content = await this.#frame(frame, last);
      const from = Math.max(0, offset - at);
      bytes.set(content.subarray(from, Math.min(contentSize, offset + length - at)), at + from - offset);
    }
    return bytes;
  }

  close(): Promise<void> {
    this.#cache.clear();
    return this.#below.close();
  }

  /** A decoded frame. Where it has to be read, the ones after it up to `last` are read along with it. */
  async #frame(frame: number, last: number): Promise<Uint8Array> {
    const cached = this.#cache.get(frame);
    if (cached !== undefined) return cached;
    const [start] = this.#span(this.#table.compressed, frame);
    let end = frame;
    let length = 0;
    do {
      const [at, size] = this.#span(this.#table.compressed, end);
      length = at + size - start;
      end += 1;
    } while (end <= last && length < BATCH && !this.#cache.has(end));
    const bytes = await this.#below.read(start, length);
    let wanted: Uint8Array | undefined;
    for (let at = end - 1; at >= frame; at -= 1) {
      const [offset, size] = this.#span(this.#table.compressed, at);
      const [, contentSize] = this.#span(this.#table.decompressed, at);
      if (contentSize === 0) continue;
      const sealed = bytes.subarray(offset - start, offset - start + size);
      const into = this.#spare;
      this.#spare = undefined;
      wanted = decodeFrame(sealed, contentSize, this.name, offset, into);
      this.#cache.set(at, wanted);
    }
    if (wanted === undefined) throw new FormatError(this.name, start, 'no zstd frame here');
    return wanted;
  }

  #span(edges: Float64Array, frame: number): [start: number, size: number] {
    const start = edges[frame] ?? 0;
    return [start, (edges[frame + 1] ?? start) - start];
  }

  /** The frame that holds the byte at an offset: the last one that starts at or before it and is not empty. */
  #frameAt(offset: number): number {
    let low = 0;
    let high = this.#table.frames - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#table.decompressed[middle + 1] ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
