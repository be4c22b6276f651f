import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { COMMON_MAGIC, IMAGE_KINDS, type ImageKind } from '../../src/criu/kinds.js';

/** A message of numbers and texts by field number; a list is a repeated field, bytes and messages are as they are. */
export type Built = Readonly<Record<number, Value | readonly Value[]>>;
type Value = number | bigint | string | Uint8Array;

/** Encodes a message: numbers as varints, anything else with its length before it. */
export function encode(fields: Built): Uint8Array {
  const writer = new BinaryWriter();
  for (const [number, value] of Object.entries(fields)) {
    for (const item of isList(value) ? value : [value]) {
      if (typeof item === 'number' || typeof item === 'bigint') {
        writer.tag(Number(number), WireType.Varint).uint64(BigInt.asUintN(64, BigInt(item)));
      } else {
        const bytes = typeof item === 'string' ? Buffer.from(item) : item;
        writer.tag(Number(number), WireType.LengthDelimited).bytes(bytes);
      }
    }
  }
  return writer.finish();
}

function isList(value: Value | readonly Value[]): value is readonly Value[] {
  return Array.isArray(value);
}

/** An image: the two magic words, then the parts; a message has its size before it, a payload has not. */
export function buildImage(
  kind: ImageKind | number,
  ...parts: ({ message: Uint8Array } | { payload: Uint8Array })[]
): Buffer {
  const magic = typeof kind === 'number' ? kind : IMAGE_KINDS[kind].magic;
  const pieces = parts.flatMap((part) =>
    'message' in part ? [word(part.message.length), part.message] : [part.payload],
  );
  return Buffer.concat([word(COMMON_MAGIC), word(magic), ...pieces]);
}

export function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
