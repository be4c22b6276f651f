/** The largest window that is decoded: zstd's own default, 128 MiB. */
export const WINDOW_LOG_MAX = 27;
/** Content is handed on in pieces of at most so many bytes. */
export const PIECE = 256 * 1024;
/** A piece up to this is a copy of its own: frames may be tiny and many, and what is handed on may be kept. */
export const SMALL = PIECE / 4;

/** A piece that keeps no more memory than it is large, give or take. */
export function keepable(piece: Uint8Array): Uint8Array {
  return piece.length <= SMALL ? new Uint8Array(piece) : piece;
}

/** Called with the bytes of input behind a frame, and of content up to there. */
export type OnFrameEnd = (input: number, content: number) => void;

/** What does the work of zstd. What is wrong with the data is a ZstdError; errors of an input pass through. */
export interface ZstdEngine {
  /** Whether bytes are one frame, whole, that says itself to have so much content. */
  isFrame(bytes: Uint8Array, size: number): boolean;
  /** Decodes one frame; how much content it had. */
  decodeFrame(frame: Uint8Array, into: Uint8Array): number;
  /** Decodes frame after frame; what is skippable is left out. `at` is told how many bytes of input are behind it. */
  decode(
    input: AsyncIterable<Uint8Array>,
    at: (input: number) => void,
    onFrameEnd: OnFrameEnd | undefined,
  ): AsyncGenerator<Uint8Array>;
  /** What packs into one frame, its content's size in its header; `out` must have room for what does not compress. */
  compressor(level: number): (out: Uint8Array, content: Uint8Array) => number;
  /** One frame with a checksum. */
  compress(content: Uint8Array, level: number): Uint8Array;
}

/** The data is no zstd, or damaged; its message says how. */
export class ZstdError extends Error {}

/** A frame ended too early. */
export class CutShortError extends ZstdError {}

/** Does a piece of work whose errors are all about the data. */
export function decoding<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof ZstdError) throw cause;
    throw new ZstdError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
