import { FormatError } from '../base/errors.js';
import { ByteCache } from './lru.js';
import { requireRange } from './range.js';
import type { ByteSource } from './source.js';

/** Where decoding can begin: `input` bytes into the coded source, `output` bytes into its content. */
export interface RestartPoint {
  readonly input: number;
  readonly output: number;
}

/** Decodes from a restart point to the end. */
export type DecodeFrom = (point: RestartPoint) => AsyncIterable<Uint8Array>;

/** Decoded bytes that are kept and looked for together. */
const CHUNK = 256 * 1024;
const CACHE = 32 * 1024 * 1024;

/**
 * The content of a source that can only be decoded forwards, such as gzip and foreign zstd, once a first pass has
 * found its size and restart points. Reads that go on where the last one ended cost nothing extra; one that goes
 * back further than the 32 MiB that are kept decodes again from the restart point before it.
 */
export class StreamedSource implements ByteSource {
  readonly #decode: DecodeFrom;
  readonly #points: readonly RestartPoint[];
  readonly #below: ByteSource;
  readonly #cache = new ByteCache<number>(CACHE);
  #chunks: AsyncIterator<Uint8Array> | undefined;
  /** Offset of the next block that `#chunks` will complete; always at a multiple of CHUNK but for its start. */
  #position = 0;
  #rest: Uint8Array = new Uint8Array(0);
  #queue: Promise<unknown> = Promise.resolve();
  readonly size: number;

  /** @param points - ascending; the first one is the start */
  constructor(below: ByteSource, size: number, points: readonly RestartPoint[], decode: DecodeFrom) {
    this.size = size;
    this.#below = below;
    this.#points = points;
    this.#decode = decode;
  }

  get name(): string {
    return this.#below.name;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    requireRange(this, offset, length);
    const first = Math.floor(offset / CHUNK);
    const last = Math.floor(Math.max(offset, offset + length - 1) / CHUNK);
    const bytes = Buffer.allocUnsafeSlow(length);
    for (let block = first; block <= last && length > 0; block += 1) {
      const content = await this.#block(block);
      const from = Math.max(0, offset - block * CHUNK);
      const to = Math.min(content.length, offset + length - block * CHUNK);
      bytes.set(content.subarray(from, to), block * CHUNK + from - offset);
    }
    return bytes;
  }

  async close(): Promise<void> {
    await this.#stop();
    this.#cache.clear();
    await this.#below.close();
  }

  /** One reader at a time moves the decoder; others wait and mostly find their block in the cache then. */
  #block(block: number): Promise<Uint8Array> {
    const cached = this.#cache.get(block);
    if (cached !== undefined) return Promise.resolve(cached);
    const result = this.#queue.then(() => this.#cache.get(block) ?? this.#decodeTo(block));
    // Whoever asked meets the error; those who wait begin anew.
    this.#queue = result.catch(() => this.#stop());
    return result;
  }

  async #decodeTo(block: number): Promise<Uint8Array> {
    const start = block * CHUNK;
    const point = this.#points.findLast(({ output }) => output <= start) ?? { input: 0, output: 0 };
    if (this.#chunks === undefined || this.#position > start || this.#position < point.output) {
      await this.#stop();
      this.#chunks = this.#decode(point)[Symbol.asyncIterator]();
      this.#position = point.output;
      this.#rest = new Uint8Array(0);
    }
    while (this.#position < start) await this.#next(Math.min(start, nextEdge(this.#position)));
    return this.#next(Math.min(start + CHUNK, this.size));
  }

  /** Decodes up to an offset; whole blocks are kept. */
  async #next(end: number): Promise<Uint8Array> {
    const bytes = Buffer.allocUnsafeSlow(end - this.#position);
    let filled = 0;
    while (filled < bytes.length) {
      if (this.#rest.length === 0) {
        const next = await this.#chunks?.next();
        if (next === undefined || next.done === true) {
          throw new FormatError(this.name, undefined, 'its content became shorter while it was read');
        }
        this.#rest = next.value;
      }
      const take = this.#rest.subarray(0, bytes.length - filled);
      bytes.set(take, filled);
      filled += take.length;
      this.#rest = this.#rest.subarray(take.length);
    }
    if (this.#position % CHUNK === 0) this.#cache.set(this.#position / CHUNK, bytes);
    this.#position = end;
    return bytes;
  }

  async #stop(): Promise<void> {
    const chunks = this.#chunks;
    this.#chunks = undefined;
    await chunks?.return?.();
  }
}

const nextEdge = (position: number): number => (Math.floor(position / CHUNK) + 1) * CHUNK;
