import { FormatError } from '../base/errors.js';
import { zstdEngine } from './zstd-engine.js';
import { FrameMeter } from './zstd-frame.js';
import { CutShortError, ZstdError } from './zstd-work.js';

/**
 * Decodes one frame whose content size is known from elsewhere.
 *
 * @param offset - where the frame stands in `name`, for errors
 * @param into - memory for the content, used if it is large enough
 * @throws FormatError when it is damaged, or not one frame of exactly `size` bytes
 */
export function decodeFrame(
  frame: Uint8Array,
  size: number,
  name: string,
  offset: number,
  into?: Uint8Array,
): Uint8Array {
  const engine = zstdEngine();
  try {
    if (!engine.isFrame(frame, size)) {
      throw new FormatError(name, offset, `no zstd frame of ${size} bytes of content here`);
    }
    const content =
      into !== undefined && into.length >= size ? into.subarray(0, size) : Buffer.allocUnsafeSlow(size);
    if (engine.decodeFrame(frame, content) === size) return content;
  } catch (cause) {
    throw cause instanceof ZstdError ? damaged(name, offset, cause) : cause;
  }
  throw damaged(name, offset, undefined);
}

/** What a frame says that its content's size is; undefined when it does not, or is no frame. */
export function frameContentSize(frame: Uint8Array): number | undefined {
  const meter = new FrameMeter();
  try {
    meter.take(frame.subarray(0, MAX_HEADER));
  } catch (error) {
    if (!(error instanceof ZstdError)) throw error;
  }
  return meter.contentSize;
}

/** The longest header of a frame, its magic included (RFC 8878, 3.1.1.1). */
const MAX_HEADER = 18;

/**
 * Decodes a run of frames, skippable ones left out.
 *
 * @param offset - where `input` begins in `name`, for errors and boundaries
 * @param onFrameEnd - called with the offset in `name` behind each frame, and how much was decoded up to there
 * @throws FormatError when a frame is damaged or cut short
 */
export async function* decodeZstd(
  input: AsyncIterable<Uint8Array>,
  name: string,
  offset = 0,
  onFrameEnd?: (inputOffset: number, decoded: number) => void,
): AsyncGenerator<Uint8Array> {
  let position = offset;
  const at = (consumed: number): void => {
    position = offset + consumed;
  };
  const frameEnd =
    onFrameEnd && ((consumed: number, decoded: number) => onFrameEnd(offset + consumed, decoded));
  try {
    yield* zstdEngine().decode(input, at, frameEnd);
  } catch (cause) {
    if (cause instanceof CutShortError)
      throw new FormatError(name, position, 'cut short within a zstd frame', { cause });
    throw cause instanceof ZstdError ? damaged(name, position, cause) : cause;
  }
}

/** Compresses what is small and whole into one frame with its content's size and a checksum. */
export function compressZstd(content: Uint8Array, level: number): Uint8Array {
  return zstdEngine().compress(content, level);
}

function damaged(name: string, offset: number, cause: unknown): FormatError {
  const reason = cause instanceof Error ? cause.message : 'wrong size';
  const window = /memory|window/i.test(reason);
  return new FormatError(
    name,
    offset,
    window ? 'zstd window above 128 MiB' : `damaged zstd data (${reason})`,
    {
      cause,
      remedy: window
        ? 'decompress it with zstd --long=31 first'
        : 'compare its hash with the original, copy again',
    },
  );
}
