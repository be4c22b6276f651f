import { bisect } from '../base/bisect.js';
import { FormatError } from '../base/errors.js';
import { ByteCache } from './lru.js';
import { requireRange } from './range.js';
import { readSeekTable, type SeekTable } from './seek-table.js';
import type { ByteSource } from './source.js';
import { decodeFrame } from './zstd.js';

/** Decoded bytes that are kept. */
const CACHE = 32 * 1024 * 1024;
/** What is kept for a reader that goes from start to end. */
const CACHE_IN_ORDER = 4 * 1024 * 1024;
/** Frames whose memory is kept for the next ones to be decoded. */
const SPARE = 2;
/** Compressed bytes read at once where a range spans many frames. */
const BATCH = 2 * 1024 * 1024;

/**
 * Opens a zstd file that ends in a seek table, for reading at any offset of its content.
 *
 * @returns undefined when there is no seek table, when it does not add up to the file, or when its frames are too
 * large to be read at random: the file can then be read as a stream
 * @param inOrder - see {@link SeekableZstd}
 */
export async function openSeekableZstd(
  below: ByteSource,
  inOrder = false,
): Promise<SeekableZstd | undefined> {
  const table = await readSeekTable(below);
  return table === undefined ? undefined : new SeekableZstd(below, table, inOrder);
}

/**
 * The content of a seekable zstd file. Keeps 32 MiB of decoded frames, and decodes into the memory of those that it
 * lets go of: left to the garbage collector, the frames of a long session take several times as much.
 *
 * With `inOrder`, for one reader that goes from start to end, it keeps 4 MiB, and what a read gives is not a copy
 * but good until the next read only.
 */
export class SeekableZstd implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly #below: ByteSource;
  readonly #table: SeekTable;
  readonly #inOrder: boolean;
  readonly #cache: ByteCache<number>;
  /** Content bytes decoded at once: what is decoded ahead must still be there when it is its turn. */
  readonly #batch: number;
  /** Memory of frames that are no longer kept, and that nobody has a view of. */
  readonly #spare: Uint8Array[] = [];

  constructor(below: ByteSource, table: SeekTable, inOrder = false) {
    const capacity = inOrder ? CACHE_IN_ORDER : CACHE;
    this.#cache = new ByteCache(capacity, (bytes) => this.#recycle(bytes));
    this.#batch = capacity / 2;
    this.#below = below;
    this.#table = table;
    this.#inOrder = inOrder;
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
      const from = offset - start;
      return this.#frame(first, first, (content) =>
        this.#inOrder ? content.subarray(from, from + length) : copyOf(content, from, length),
      );
    }
    const bytes = Buffer.allocUnsafeSlow(length);
    const last = this.#frameAt(offset + length - 1);
    for (let frame = first; frame <= last; frame += 1) {
      const [at, contentSize] = this.#span(this.#table.decompressed, frame);
      if (contentSize === 0) continue;
      const from = Math.max(0, offset - at);
      await this.#frame(frame, last, (content) =>
        bytes.set(content.subarray(from, Math.min(contentSize, offset + length - at)), at + from - offset),
      );
    }
    return bytes;
  }

  close(): Promise<void> {
    this.#cache.clear();
    this.#spare.length = 0;
    return this.#below.close();
  }

  /**
   * What `use` makes of a decoded frame. It is called as soon as the frame is at hand: a moment later, another
   * read may have let go of the frame and decoded into its memory.
   *
   * Where the frame has to be read, the ones after it up to `last` are read along with it.
   */
  async #frame<T>(frame: number, last: number, use: (content: Uint8Array) => T): Promise<T> {
    const cached = this.#cache.get(frame);
    if (cached !== undefined) return use(cached);
    const [start] = this.#span(this.#table.compressed, frame);
    let end = frame;
    let length = 0;
    do {
      const [at, size] = this.#span(this.#table.compressed, end);
      length = at + size - start;
      end += 1;
    } while (
      end <= last &&
      length < BATCH &&
      this.#content(frame, end) <= this.#batch &&
      !this.#cache.has(end)
    );
    const bytes = await this.#below.read(start, length);
    let wanted: Uint8Array | undefined;
    for (let at = end - 1; at >= frame; at -= 1) {
      const [offset, size] = this.#span(this.#table.compressed, at);
      const [, contentSize] = this.#span(this.#table.decompressed, at);
      if (contentSize === 0) continue;
      // another read may have brought it meanwhile
      wanted =
        this.#cache.get(at) ?? this.#decode(bytes.subarray(offset - start), at, offset, size, contentSize);
    }
    if (wanted === undefined) throw new FormatError(this.name, start, 'no zstd frame here');
    return use(wanted);
  }

  #decode(bytes: Uint8Array, frame: number, offset: number, size: number, contentSize: number): Uint8Array {
    const spare = this.#spare.pop();
    // a small frame in the memory of a large one would take more than the cache knows of
    const into = spare !== undefined && spare.length <= 2 * contentSize ? spare : undefined;
    const content = decodeFrame(bytes.subarray(0, size), contentSize, this.name, offset, into);
    this.#cache.set(frame, content);
    return content;
  }

  /** Content bytes of the frames from `first` to `last`. */
  #content(first: number, last: number): number {
    return (this.#table.decompressed[last + 1] ?? 0) - (this.#table.decompressed[first] ?? 0);
  }

  #recycle(bytes: Uint8Array): void {
    // the whole of the memory, of which a short frame has used a part
    if (this.#spare.length < SPARE) this.#spare.push(new Uint8Array(bytes.buffer));
  }

  #span(edges: Float64Array, frame: number): [start: number, size: number] {
    const start = edges[frame] ?? 0;
    return [start, (edges[frame + 1] ?? start) - start];
  }

  /** The frame that holds the byte at an offset: the last one that starts at or before it and is not empty. */
  #frameAt(offset: number): number {
    const { frames, decompressed } = this.#table;
    return bisect(frames - 1, (frame) => (decompressed[frame + 1] ?? 0) <= offset);
  }
}

function copyOf(content: Uint8Array, from: number, length: number): Uint8Array {
  const copy = Buffer.allocUnsafeSlow(length);
  copy.set(content.subarray(from, from + length));
  return copy;
}
