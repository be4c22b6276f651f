import { encodeText } from '../../base/text.js';

/** Little-endian fields written one after the other into a buffer of fixed length; what is not written is zero. */
export class FieldWriter {
  readonly bytes: Buffer;
  #at = 0;

  constructor(length: number) {
    this.bytes = Buffer.alloc(length);
  }

  u8(value: number): this {
    this.#at = this.bytes.writeUInt8(value & 0xff, this.#at);
    return this;
  }

  u16(value: number): this {
    this.#at = this.bytes.writeUInt16LE(value & 0xffff, this.#at);
    return this;
  }

  u32(value: number): this {
    this.#at = this.bytes.writeUInt32LE(value >>> 0, this.#at);
    return this;
  }

  u64(value: bigint | number): this {
    this.#at = this.bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)), this.#at);
    return this;
  }

  /** At most `count` values; missing ones stay zero. */
  u32s(values: readonly number[], count: number): this {
    const end = this.#at + 4 * count;
    for (const value of values.slice(0, count)) this.u32(value);
    this.#at = end;
    return this;
  }

  /** At most `count` values; missing ones stay zero. */
  u64s(values: readonly bigint[], count: number): this {
    const end = this.#at + 8 * count;
    for (const value of values.slice(0, count)) this.u64(value);
    this.#at = end;
    return this;
  }

  /** Text in a field of `length` bytes, cut and NUL-terminated. */
  text(value: Uint8Array | string, length: number): this {
    const end = this.#at + length;
    const bytes = typeof value === 'string' ? encodeText(value) : Buffer.from(value);
    bytes.copy(this.bytes, this.#at, 0, length - 1);
    this.#at = end;
    return this;
  }

  /** Moves on to an offset. */
  to(offset: number): this {
    this.#at = offset;
    return this;
  }
}
