import binding from 'zstd-napi/binding.js';
import { FormatError } from '../base/errors.js';

/** The largest window that is decoded: zstd's own default, 128 MiB. */
const WINDOW_LOG_MAX = 27;
const OUTPUT = 256 * 1024;

/** Each decode begins anew, so one context serves all: making one takes longer than decoding a small frame. */
let decoder: InstanceType<typeof binding.DCtx> | undefined;

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
  try {
    const whole = binding.findFrameCompressedSize(frame) === frame.length;
    if (!whole || binding.getFrameContentSize(frame) !== size) {
      throw new FormatError(name, offset, `no zstd frame of ${size} bytes of content here`);
    }
    const content =
      into !== undefined && into.length >= size ? into.subarray(0, size) : Buffer.allocUnsafeSlow(size);
    decoder ??= new binding.DCtx();
    if (decoder.decompress(content, frame) === size) return content;
  } catch (cause) {
    if (cause instanceof FormatError) throw cause;
    throw damaged(name, offset, cause);
  }
  throw damaged(name, offset, undefined);
}

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
  const decoder = new binding.DCtx();
  decoder.setParameter(binding.DParameter.windowLogMax, WINDOW_LOG_MAX);
  let position = offset;
  let decoded = 0;
  let inFrame = false;
  let output = Buffer.allocUnsafeSlow(OUTPUT);
  for await (const chunk of input) {
    let rest = chunk;
    let flushing = false;
    while (rest.length > 0 || flushing) {
      let result: readonly [number, number, number];
      try {
        result = decoder.decompressStream(output, rest);
      } catch (cause) {
        throw damaged(name, position, cause);
      }
      const [hint, produced, consumed] = result;
      position += consumed;
      decoded += produced;
      rest = rest.subarray(consumed);
      inFrame = hint !== 0;
      flushing = inFrame && produced === OUTPUT;
      if (!inFrame) onFrameEnd?.(position, decoded);
      if (produced === 0) continue;
      // what is handed out may be kept: a copy of a little, as frames may be tiny and many, or the memory itself
      if (produced <= OUTPUT / 4) yield new Uint8Array(output.subarray(0, produced));
      else {
        yield output.subarray(0, produced);
        output = Buffer.allocUnsafeSlow(OUTPUT);
      }
    }
  }
  if (inFrame) throw new FormatError(name, position, 'cut short within a zstd frame');
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
