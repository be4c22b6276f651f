import type { Transform } from 'node:stream';
import { FrameMeter } from './zstd-frame.js';
import {
  CutShortError,
  decoding,
  keepable,
  PIECE,
  WINDOW_LOG_MAX,
  type ZstdEngine,
  ZstdError,
} from './zstd-work.js';

/** Compressed bytes of a frame, and bytes of its content, up to which it is decoded at once and not as a stream. */
const AT_ONCE = 4 * 1024 * 1024;

/** What node's zlib has of zstd since 22.15; the types are of a node that has none. */
interface NodeZstd {
  readonly constants: Readonly<Record<string, number>>;
  zstdCompressSync(
    content: Uint8Array,
    options: { params: Record<number, number>; pledgedSrcSize: number },
  ): Buffer;
  zstdDecompressSync(
    frame: Uint8Array,
    options: { params: Record<number, number>; maxOutputLength: number },
  ): Buffer;
  createZstdDecompress(options: { params: Record<number, number>; chunkSize: number }): Transform;
}

type Streams = Pick<typeof import('node:stream'), 'pipeline' | 'Readable'>;

/**
 * zstd as node itself has it.
 *
 * @param zlib - node:zlib: not imported here, as hardly anybody needs it
 * @returns undefined in a node that has none
 */
export function nodeEngine(zlib: object, streams: Streams): ZstdEngine | undefined {
  return hasZstd(zlib) ? engineOf(zlib, streams) : undefined;
}

function hasZstd(from: object): from is NodeZstd {
  return 'createZstdDecompress' in from && typeof from.createZstdDecompress === 'function';
}

function engineOf(zstd: NodeZstd, streams: Streams): ZstdEngine {
  const parameter = (name: string): number => {
    const value = zstd.constants[name];
    if (value === undefined) throw new Error(`node:zlib has no ${name}`);
    return value;
  };
  const window = { [parameter('ZSTD_d_windowLogMax')]: WINDOW_LOG_MAX };
  const decodeOne = (frame: Uint8Array, size: number): Buffer =>
    decoding(() => zstd.zstdDecompressSync(frame, { params: window, maxOutputLength: Math.max(1, size) }));
  const pack = (content: Uint8Array, level: number, checksum: boolean): Buffer =>
    zstd.zstdCompressSync(content, {
      params: {
        [parameter('ZSTD_c_compressionLevel')]: level,
        [parameter('ZSTD_c_contentSizeFlag')]: 1,
        [parameter('ZSTD_c_checksumFlag')]: checksum ? 1 : 0,
      },
      pledgedSrcSize: content.length,
    });
  /** Of a frame whose bytes are there and whose content is small at once, of others in pieces. */
  const contentOf = (
    { meter, bytes }: ReadFrame,
    frames: FrameReader,
  ): Iterable<Uint8Array> | AsyncIterable<Uint8Array> => {
    if (meter.skippable) return drained(frames.rest());
    if (bytes !== undefined && meter.contentSize !== undefined && meter.contentSize <= AT_ONCE) {
      return [decodeOne(bytes, meter.contentSize)];
    }
    return streamed(zstd.createZstdDecompress({ params: window, chunkSize: PIECE }), frames.rest(), streams);
  };
  return {
    isFrame(bytes, size) {
      const meter = new FrameMeter();
      const { used, ended } = meter.take(bytes);
      return ended && used === bytes.length && meter.contentSize === size;
    },
    decodeFrame(frame, into) {
      const content = decodeOne(frame, into.length);
      into.set(content);
      return content.length;
    },
    async *decode(input, at, onFrameEnd) {
      const frames = new FrameReader(input);
      let decoded = 0;
      try {
        for (let frame = await frames.next(); frame !== undefined; frame = await frames.next()) {
          at(frames.position);
          for await (const content of contentOf(frame, frames)) {
            decoded += content.length;
            at(frames.position);
            for (let from = 0; from < content.length; from += PIECE)
              yield keepable(content.subarray(from, from + PIECE));
          }
          onFrameEnd?.(frames.position, decoded);
        }
      } finally {
        await frames.close();
      }
    },
    compressor: (level) => (out, content) => {
      const frame = pack(content, level, false);
      out.set(frame);
      return frame.length;
    },
    compress: (content, level) => pack(content, level, true),
  };
}

interface ReadFrame {
  readonly meter: FrameMeter;
  /** Only of a small one that is whole; of others `rest` gives all of them. */
  readonly bytes: Uint8Array | undefined;
}

/** The frames of an input, one after the other: small ones whole, others in pieces. */
class FrameReader {
  /** Bytes of input that were taken. */
  position = 0;
  readonly #input: AsyncIterator<Uint8Array>;
  #bytes: Uint8Array = new Uint8Array(0);
  #meter = new FrameMeter();
  #held: Uint8Array[] = [];
  #ended = false;

  constructor(input: AsyncIterable<Uint8Array>) {
    this.#input = input[Symbol.asyncIterator]();
  }

  /** The next frame; undefined at the end. */
  async next(): Promise<ReadFrame | undefined> {
    this.#meter = new FrameMeter();
    this.#held = [];
    this.#ended = false;
    for (let size = 0; size <= AT_ONCE && !this.#ended; ) {
      const piece = await this.#take();
      if (piece === undefined) {
        if (size === 0) return undefined;
        break; // cut short: `rest` says so, when what is there has been decoded
      }
      this.#held.push(piece);
      size += piece.length;
    }
    return { meter: this.#meter, bytes: this.#ended ? Buffer.concat(this.#held) : undefined };
  }

  /** Lets go of the input. */
  async close(): Promise<void> {
    await this.#input.return?.();
  }

  /** The bytes of the frame, from its beginning. @throws CutShortError */
  async *rest(): AsyncGenerator<Uint8Array> {
    yield* this.#held;
    this.#held = [];
    while (!this.#ended) {
      const piece = await this.#take();
      if (piece === undefined) throw new CutShortError();
      yield piece;
    }
  }

  async #take(): Promise<Uint8Array | undefined> {
    while (this.#bytes.length === 0) {
      const next = await this.#input.next();
      if (next.done === true) return undefined;
      this.#bytes = next.value;
    }
    const { used, ended } = this.#meter.take(this.#bytes);
    const piece = this.#bytes.subarray(0, used);
    this.#bytes = this.#bytes.subarray(used);
    this.#ended = ended;
    this.position += used;
    return piece;
  }
}

/** What a stream makes of pieces. */
async function* streamed(
  decoder: Transform,
  pieces: AsyncIterable<Uint8Array>,
  { pipeline, Readable }: Streams,
): AsyncGenerator<Uint8Array> {
  // its errors come out of the loop below
  pipeline(Readable.from(pieces, { objectMode: true }), decoder, () => {});
  try {
    for await (const content of decoder) if (content instanceof Uint8Array) yield content;
  } catch (error) {
    // what the pieces threw comes out here as well, and is not about the data
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    throw error instanceof Error && /^Z(STD)?_/.test(code)
      ? new ZstdError(error.message, { cause: error })
      : error;
  }
}

/** Goes through pieces that have no content. */
async function* drained(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) if (piece.length === 0) yield piece;
}
