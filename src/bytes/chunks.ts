import type { ByteSource } from './source.js';

const CHUNK = 256 * 1024;

/** A source from an offset to its end, in pieces of 256 KiB. */
export async function* chunksOf(
  source: ByteSource,
  from = 0,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for (let offset = from; offset < source.size; offset += CHUNK) {
    signal?.throwIfAborted();
    yield await source.read(offset, Math.min(CHUNK, source.size - offset));
  }
}
