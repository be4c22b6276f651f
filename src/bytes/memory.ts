import { FormatError } from '../base/errors.js';
import type { ByteSource } from './source.js';

/** Bytes that are in memory already, as a source. */
export class MemorySource implements ByteSource {
  readonly size: number;
  readonly #bytes: Uint8Array;
  readonly name: string;

  constructor(bytes: Uint8Array, name: string) {
    this.#bytes = bytes;
    this.name = name;
    this.size = bytes.length;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    if (!(offset >= 0 && length >= 0 && offset + length <= this.size)) {
      throw new FormatError(this.name, offset, `${length} bytes wanted past its end`);
    }
    return this.#bytes.subarray(offset, offset + length);
  }

  async close(): Promise<void> {}
}
