import type { ByteSource } from '../../src/bytes/source.js';

/** A source that counts the bytes that are read from it. */
export function countingSource(below: ByteSource): ByteSource & { readonly bytesRead: number } {
  let bytesRead = 0;
  return {
    name: below.name,
    size: below.size,
    get bytesRead() {
      return bytesRead;
    },
    read: async (offset, length) => {
      bytesRead += length;
      return below.read(offset, length);
    },
    close: () => below.close(),
  };
}
