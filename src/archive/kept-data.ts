import { bisectList } from '../base/bisect.js';
import type { ByteSource } from '../bytes/source.js';
import type { ArchiveEntry } from './entry.js';
import type { DataSink } from './tar-pass.js';

/**
 * Entries up to this size are kept while they pass: all of CRIU's images but memory pages and large deleted files,
 * and the engines' own files.
 */
const MAX_KEPT_ENTRY = 16 * 1024 * 1024;
/** What is kept of one archive, together. */
const MAX_KEPT = 128 * 1024 * 1024;

/** The data of small entries of a tar that came as a stream, by their offsets in it. */
export class KeptData {
  readonly #data = new Map<number, Uint8Array>();
  #size = 0;

  /** Takes the data of an entry while it passes, if there is room for it. */
  visit(entry: ArchiveEntry): DataSink | undefined {
    const { storedSize } = entry;
    if (storedSize === 0 || storedSize > MAX_KEPT_ENTRY || this.#size + storedSize > MAX_KEPT)
      return undefined;
    this.#size += storedSize;
    // Grown as bytes come: the tar may be cut short before as many come as it promises.
    const pieces: Uint8Array[] = [];
    let filled = 0;
    return (chunk) => {
      pieces.push(chunk.slice());
      filled += chunk.length;
      if (filled === storedSize) this.#data.set(entry.dataOffset, Buffer.concat(pieces));
    };
  }

  /** The tar, with reads within one kept entry answered from memory. */
  over(tar: ByteSource): ByteSource {
    const starts = [...this.#data.keys()];
    return {
      name: tar.name,
      size: tar.size,
      read: async (offset, length) => {
        const start = starts[bisectList(starts, (at) => at <= offset) - 1];
        const bytes = start === undefined ? undefined : this.#data.get(start);
        if (start === undefined || bytes === undefined || offset + length > start + bytes.length) {
          return tar.read(offset, length);
        }
        return bytes.subarray(offset - start, offset - start + length);
      },
      close: async () => {
        this.#data.clear();
        await tar.close();
      },
    };
  }
}
