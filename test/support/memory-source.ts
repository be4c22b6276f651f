import type { ByteSource } from '../../src/bytes/source.js';

/** Bytes in memory as a source; reading outside of them is a mistake of the caller's. */
export function bytesSource(bytes: Uint8Array, name = 'test.img'): ByteSource {
  return {
    size: bytes.length,
    name,
    async read(offset, length) {
      if (offset < 0 || offset + length > bytes.length) throw new RangeError(`${offset}+${length}: outside`);
      return bytes.subarray(offset, offset + length);
    },
    async close() {},
  };
}
