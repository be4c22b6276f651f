import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** A protobuf message of which only some fields are of interest: texts and submessages by field number. */
export interface Fields {
  texts(number: number): readonly string[];
  text(number: number): string;
  messages(number: number): readonly Fields[];
  /** A `map<string, string>`. */
  map(number: number): ReadonlyMap<string, string>;
}

/** Reads the length-delimited fields of a message; others are skipped. Throws a RangeError on malformed bytes. */
export function readFields(bytes: Uint8Array): Fields {
  const found = new Map<number, Uint8Array[]>();
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (type === WireType.LengthDelimited) {
      const list = found.get(number) ?? [];
      list.push(reader.bytes());
      found.set(number, list);
    } else reader.skip(type, number);
  }
  const raw = (number: number): readonly Uint8Array[] => found.get(number) ?? [];
  const texts = (number: number): readonly string[] =>
    raw(number).map((value) => Buffer.from(value).toString('utf8'));
  return {
    texts,
    text: (number) => texts(number).at(-1) ?? '',
    messages: (number) => raw(number).map(readFields),
    map: (number) =>
      new Map(raw(number).map((value) => [readFields(value).text(1), readFields(value).text(2)] as const)),
  };
}

export { BinaryWriter };
