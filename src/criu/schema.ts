/**
 * A small language for protobuf messages as CRIU's images hold them (proto2: required, optional, repeated), from
 * which both the decoder and the TypeScript types follow. 64-bit numbers are `bigint`, bytes are `Uint8Array`, an
 * optional field that is not in the image is not in the object, a repeated one is an array, be it empty.
 */

/** Bits and their names, in the order in which they are printed. */
export type FlagTable = readonly (readonly [name: string, bit: number])[];

/** How `crit decode --pretty` shows a field. The value in a decoded object is the plain one. */
export interface Presentation {
  /** Hexadecimal; on a field that is a message, so is every integer inside. */
  readonly hex?: true;
  readonly flags?: FlagTable;
  readonly names?: Readonly<Record<number, string>>;
  /** A device number as `major:minor`: `kernel` has 20 bits of minor, `libc` is `dev_t` as stat(2) gives it. */
  readonly device?: 'kernel' | 'libc';
  /** One word is an IPv4 address, four are an IPv6 one, in network byte order. */
  readonly address?: true;
  /** Bytes as quoted-printable text, in the plain JSON too: the names of unix sockets. */
  readonly quoted?: true;
}

export type ScalarType =
  | 'uint32'
  | 'int32'
  | 'sint32'
  | 'uint64'
  | 'int64'
  | 'sint64'
  | 'fixed64'
  | 'bool'
  | 'string'
  | 'bytes';

export interface EnumType<Name extends string = string> {
  readonly kind: 'enum';
  readonly names: ReadonlyMap<number, Name>;
}

export interface MessageType<Value = unknown> {
  readonly kind: 'message';
  /** The name in CRIU's sources. */
  readonly name: string;
  /** In the order of their numbers, as crit prints them. */
  readonly fields: readonly NamedField[];
  readonly byNumber: ReadonlyMap<number, NamedField>;
  /** Only for the compiler: never set. */
  readonly value?: Value;
}

type Presence = 'required' | 'optional' | 'repeated';
type MessageReference<Value> = MessageType<Value> | (() => MessageType<Value>);

export interface Field<Value, P extends Presence = Presence> {
  readonly number: number;
  readonly presence: P;
  readonly type: ScalarType | EnumType | MessageReference<unknown>;
  readonly show: Presentation;
  /** CRIU requires the field now, and did not always. */
  readonly late?: true;
  /** Only for the compiler: never set. */
  readonly value?: Value;
}

export interface NamedField extends Field<unknown> {
  readonly name: string;
}

type Fields = Readonly<Record<string, Field<unknown>>>;
type ValueOf<F> = F extends Field<infer Value> ? Value : never;
type Named<F extends Fields, P extends Presence> = {
  [K in keyof F]: F[K] extends Field<unknown, P> ? K : never;
}[keyof F];
type Flat<T> = { [K in keyof T]: T[K] };

/** A field that the schema does not know, as the wire has it. */
export type UnknownField = {
  readonly field: number;
  readonly wire: 'varint' | 'fixed32' | 'fixed64' | 'bytes';
  readonly value: bigint | Uint8Array;
};

/** The type of the objects that a set of fields decodes to. */
export type MessageOf<F extends Fields> = Flat<
  { readonly [K in Named<F, 'required'>]: ValueOf<F[K]> } & {
    readonly [K in Named<F, 'optional'>]?: ValueOf<F[K]>;
  } & { readonly [K in Named<F, 'repeated'>]: readonly ValueOf<F[K]>[] } & {
    /** Fields of a newer CRIU, kept and shown. */
    readonly _unknown?: readonly UnknownField[];
  }
>;

/** The type of the objects that a message decodes to. */
export type Infer<M> = M extends MessageType<infer Value> ? Value : never;

/** Describes a message by its fields, each with its number on the wire. */
export function message<const F extends Fields>(name: string, fields: F): MessageType<MessageOf<F>> {
  // made when first asked for: of a hundred messages an answer needs ten
  let named: readonly NamedField[] | undefined;
  let byNumber: ReadonlyMap<number, NamedField> | undefined;
  return {
    kind: 'message',
    name,
    get fields() {
      named ??= Object.entries(fields)
        .map(([key, field]): NamedField => ({ ...field, name: key }))
        .sort((a, b) => a.number - b.number);
      return named;
    },
    get byNumber() {
      byNumber ??= new Map(this.fields.map((field) => [field.number, field]));
      return byNumber;
    },
  };
}

/** Describes an enumeration. A value without a name decodes to its number. */
export function enumeration<const Names extends Readonly<Record<string, number>>>(
  names: Names,
): EnumType<keyof Names & string> {
  const byValue = new Map<number, keyof Names & string>();
  for (const name in names) {
    const value = names[name];
    if (value !== undefined) byValue.set(value, name);
  }
  return { kind: 'enum', names: byValue };
}

function scalar<Value>(type: ScalarType): (number: number, show?: Presentation) => Field<Value, 'required'> {
  return (number, show = {}) => ({ number, presence: 'required', type, show });
}

export const uint32 = scalar<number>('uint32');
export const int32 = scalar<number>('int32');
export const sint32 = scalar<number>('sint32');
export const uint64 = scalar<bigint>('uint64');
export const int64 = scalar<bigint>('int64');
export const sint64 = scalar<bigint>('sint64');
export const fixed64 = scalar<bigint>('fixed64');
export const bool = scalar<boolean>('bool');
/** Text; bytes that are not UTF-8 become lone surrogates (`decodeText`), so that nothing is lost. */
export const string = scalar<string>('string');
export const bytes = scalar<Uint8Array>('bytes');

/** A field that holds a name of an enumeration, or a number that has none. */
export function oneOf<Name extends string>(
  number: number,
  type: EnumType<Name>,
): Field<Name | number, 'required'> {
  return { number, presence: 'required', type, show: {} };
}

/** A field that holds a message; a function when the message holds itself. */
export function sub<Value>(
  number: number,
  type: MessageReference<Value>,
  show: Presentation = {},
): Field<Value, 'required'> {
  return { number, presence: 'required', type, show };
}

export function optional<Value>(field: Field<Value, 'required'>): Field<Value, 'optional'> {
  return { ...field, presence: 'optional' };
}

/** A field that CRIU 4.2 requires and that images of older versions do not have. */
export function requiredLater<Value>(field: Field<Value, 'required'>): Field<Value, 'optional'> {
  return { ...field, presence: 'optional', late: true };
}

export function repeated<Value>(field: Field<Value, 'required'>): Field<Value, 'repeated'> {
  return { ...field, presence: 'repeated' };
}
