import {
  CutShortError,
  decoding,
  keepable,
  PIECE,
  SMALL,
  WINDOW_LOG_MAX,
  type ZstdEngine,
} from './zstd-work.js';

export type Binding = typeof import('zstd-napi/binding.js');

/** zstd as zstd-napi has it: libzstd, called in place. */
export function nativeEngine(binding: Binding): ZstdEngine {
  // Each decode begins anew, so one context serves all: making one takes longer than decoding a small frame.
  let decoder: InstanceType<Binding['DCtx']> | undefined;
  const context = (level: number): InstanceType<Binding['CCtx']> => {
    const created = new binding.CCtx();
    created.setParameter(binding.CParameter.compressionLevel, level);
    created.setParameter(binding.CParameter.contentSizeFlag, 1);
    return created;
  };
  return {
    isFrame: (bytes, size) =>
      decoding(
        () =>
          binding.findFrameCompressedSize(bytes) === bytes.length &&
          binding.getFrameContentSize(bytes) === size,
      ),
    decodeFrame(frame, into) {
      decoder ??= new binding.DCtx();
      const context = decoder;
      return decoding(() => context.decompress(into, frame));
    },
    async *decode(input, at, onFrameEnd) {
      const stream = new binding.DCtx();
      stream.setParameter(binding.DParameter.windowLogMax, WINDOW_LOG_MAX);
      let position = 0;
      let decoded = 0;
      let inFrame = false;
      let output = Buffer.allocUnsafeSlow(PIECE);
      for await (const chunk of input) {
        let rest = chunk;
        let flushing = false;
        while (rest.length > 0 || flushing) {
          const [into, from] = [output, rest];
          const [hint, produced, consumed] = decoding(() => stream.decompressStream(into, from));
          position += consumed;
          decoded += produced;
          at(position);
          rest = rest.subarray(consumed);
          inFrame = hint !== 0;
          flushing = inFrame && produced === PIECE;
          if (!inFrame) onFrameEnd?.(position, decoded);
          if (produced > 0) yield keepable(output.subarray(0, produced));
          if (produced > SMALL) output = Buffer.allocUnsafeSlow(PIECE);
        }
      }
      if (inFrame) throw new CutShortError();
    },
    compressor(level) {
      const packing = context(level);
      return (out, content) => packing.compress2(out, content);
    },
    compress(content, level) {
      const packing = context(level);
      packing.setParameter(binding.CParameter.checksumFlag, 1);
      const out = Buffer.allocUnsafe(binding.compressBound(content.length));
      return out.subarray(0, packing.compress2(out, content));
    },
  };
}
