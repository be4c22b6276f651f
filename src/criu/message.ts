import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { FormatError } from '../base/errors.js';
import { decodeText } from '../base/text.js';
import type { EnumType, MessageType, NamedField, ScalarType, UnknownField } from './schema.js';

/** Messages inside messages: CRIU's deepest are directories of control groups. protobuf's own limit is 100. */
const MAX_DEPTH = 100;
/** What an object, and what a value in it, count against the budget of one entry; in units of about 16 bytes. */
const OBJECT_COST = 6;
const VALUE_COST = 1;
const BIGINT_COST = 2;
const TEXT_COST = 1;
/** An array of bytes is an object with a buffer, which is another one. */
const BYTES_COST = 6;

/**
 * What one reading may still allocate, in units of about 16 bytes: a few bytes of a hostile image can stand for
 * an object many times their size. Share one between calls to bound what they hold together.
 */
export class DecodeBudget {
  private left: number;
  private taken = 0;

  /**
   * @param units - by default as much as the largest honest entry needs: an address space of 400,000 mappings
   * @param parent - another budget that pays for this one
   */
  constructor(
    units = 9_000_000,
    private readonly parent?: DecodeBudget,
  ) {
    this.left = units;
  }

  /** What has been spent and not been given back, in units. */
  get spent(): number {
    return this.taken;
  }

  /** @throws FormatError when nothing is left */
  spend(units: number, where: string, offset?: number): void {
    this.left -= units;
    this.taken += units;
    this.parent?.spend(units, where, offset);
    if (this.left < 0) throw new FormatError(where, offset, 'this takes more memory than any image should');
  }

  /** Gives everything back: what it was spent for is let go of. */
  refund(): void {
    const units = this.taken;
    this.left += units;
    this.taken = 0;
    this.parent?.giveBack(units);
  }

  private giveBack(units: number): void {
    this.left += units;
    this.taken -= units;
    this.parent?.giveBack(units);
  }
}

type Writable = Record<string, unknown> & { _unknown?: UnknownField[] };

/**
 * Decodes one protobuf message.
 *
 * @param bytes the message, and nothing else
 * @param where name of the image, for errors
 * @param base offset of `bytes` in the image, for errors
 * @throws FormatError when bytes are missing or make no sense, a required field is not there, messages nest too
 *   deep, or the budget is spent
 */
export function decodeMessage<Value>(
  type: MessageType<Value>,
  bytes: Uint8Array,
  where: string,
  base = 0,
  budget = new DecodeBudget(),
): Value {
  const decoder = new Decoder(bytes, where, base, budget);
  // The one place where bytes become typed: the decoder followed the schema that `Value` was inferred from.
  return decoder.decode(type) as Value;
}

class Decoder {
  private readonly reader: BinaryReader;

  constructor(
    private readonly buffer: Uint8Array,
    private readonly where: string,
    private readonly base: number,
    private readonly budget: DecodeBudget,
  ) {
    this.reader = new BinaryReader(buffer);
  }

  decode(type: MessageType): Writable {
    try {
      return this.message(type, this.reader.len, 0, undefined);
    } catch (error) {
      // BinaryReader throws plain errors about the bytes ("premature EOF", "invalid varint", "illegal tag").
      if (!(error instanceof Error) || error instanceof FormatError || error instanceof TypeError)
        throw error;
      throw this.problem(`not a ${type.name}: ${error.message}`);
    }
  }

  /** Reads up to `end`; into `known` when the message comes in several pieces, which protobuf merges. */
  private message(type: MessageType, end: number, depth: number, known: Writable | undefined): Writable {
    if (depth > MAX_DEPTH) throw this.problem(`messages nest deeper than ${MAX_DEPTH}`);
    const { reader } = this;
    this.spend(OBJECT_COST);
    const value = known ?? emptyValue(type);
    while (reader.pos < end) {
      const [number, wire] = reader.tag();
      const field = type.byNumber.get(number);
      if (field === undefined || !this.field(field, wire, end, depth, value))
        this.unknown(number, wire, end, value);
      if (reader.pos > end) throw this.problem(`a field of ${type.name} runs over the end of the message`);
    }
    for (const field of type.fields) {
      if (field.presence === 'required' && value[field.name] === undefined) {
        throw this.problem(`${type.name} without its ${field.name}`);
      }
    }
    return value;
  }

  /** False when the wire type is not the field's: such a field is an unknown one. */
  private field(field: NamedField, wire: WireType, end: number, depth: number, value: Writable): boolean {
    const type = typeof field.type === 'function' ? field.type() : field.type;
    if (typeof type === 'object' && type.kind === 'message') {
      if (wire !== WireType.LengthDelimited) return false;
      const stop = this.length(end);
      const before = field.presence === 'repeated' ? undefined : value[field.name];
      this.store(field, this.message(type, stop, depth + 1, isObject(before) ? before : undefined), value);
      return true;
    }
    const expected = typeof type === 'object' ? WireType.Varint : WIRE_TYPES[type];
    if (wire === expected) {
      this.store(field, this.scalar(type, end), value);
      return true;
    }
    if (wire !== WireType.LengthDelimited || field.presence !== 'repeated') return false;
    const stop = this.length(end);
    while (this.reader.pos < stop) this.store(field, this.scalar(type, stop), value);
    return true;
  }

  private store(field: NamedField, item: unknown, value: Writable): void {
    this.spend(VALUE_COST);
    if (field.presence !== 'repeated') {
      value[field.name] = item;
      return;
    }
    const list = value[field.name];
    if (Array.isArray(list) && list !== NONE) list.push(item);
    else value[field.name] = [item];
  }

  private scalar(type: ScalarType | EnumType, end: number): unknown {
    const { reader } = this;
    if (typeof type === 'object') {
      const number = reader.int32();
      return type.names.get(number) ?? number;
    }
    switch (type) {
      case 'uint32':
        return reader.uint32();
      case 'int32':
        return reader.int32();
      case 'sint32':
        return reader.sint32();
      case 'uint64':
        return this.big(reader.uint64());
      case 'int64':
        return this.big(reader.int64());
      case 'sint64':
        return this.big(reader.sint64());
      case 'fixed64':
        return this.big(reader.fixed64());
      case 'bool':
        return reader.bool();
      case 'string':
        this.spend(TEXT_COST);
        return decodeText(this.bytes(end));
      case 'bytes':
        return this.ownBytes(end);
    }
  }

  private big(value: bigint | string): bigint {
    this.spend(BIGINT_COST);
    return BigInt(value);
  }

  private unknown(number: number, wire: WireType, end: number, value: Writable): void {
    this.spend(OBJECT_COST);
    const { reader } = this;
    let field: UnknownField;
    if (wire === WireType.Varint) field = { field: number, wire: 'varint', value: BigInt(reader.uint64()) };
    else if (wire === WireType.Bit64)
      field = { field: number, wire: 'fixed64', value: BigInt(reader.fixed64()) };
    else if (wire === WireType.Bit32)
      field = { field: number, wire: 'fixed32', value: BigInt(reader.fixed32()) };
    else if (wire === WireType.LengthDelimited)
      field = { field: number, wire: 'bytes', value: this.ownBytes(end) };
    else throw this.problem('a group, which no image holds');
    if (value._unknown === undefined) value._unknown = [field];
    else value._unknown.push(field);
  }

  private bytes(end: number): Uint8Array {
    const start = this.reader.pos;
    const stop = this.length(end);
    const found = this.buffer.subarray(this.reader.pos, stop);
    this.spend(VALUE_COST + ((stop - start) >> 4));
    this.reader.pos = stop;
    return found;
  }

  /** A copy, which does not keep all of the image; `slice` of a Buffer would. */
  private ownBytes(end: number): Uint8Array {
    this.spend(BYTES_COST);
    return new Uint8Array(this.bytes(end));
  }

  /** Reads a length and answers where what it measures ends. */
  private length(end: number): number {
    const length = this.reader.uint32();
    if (length > end - this.reader.pos) throw this.problem(`${length} bytes, of which only some are there`);
    return this.reader.pos + length;
  }

  private spend(units: number): void {
    this.budget.spend(units, this.where, this.base + this.reader.pos);
  }

  private problem(text: string): FormatError {
    return new FormatError(this.where, this.base + Math.min(this.reader.pos, this.reader.len), text);
  }
}

/** Repeated fields are there from the start, so that a reader need not ask. */
const NONE: readonly unknown[] = Object.freeze([]);

function isObject(value: unknown): value is Writable {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function emptyValue(type: MessageType): Writable {
  const value: Writable = {};
  for (const field of type.fields) if (field.presence === 'repeated') value[field.name] = NONE;
  return value;
}

const WIRE_TYPES: Readonly<Record<ScalarType, WireType>> = {
  uint32: WireType.Varint,
  int32: WireType.Varint,
  sint32: WireType.Varint,
  uint64: WireType.Varint,
  int64: WireType.Varint,
  sint64: WireType.Varint,
  bool: WireType.Varint,
  fixed64: WireType.Bit64,
  string: WireType.LengthDelimited,
  bytes: WireType.LengthDelimited,
};
