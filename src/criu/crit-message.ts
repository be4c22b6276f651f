import { BASE64_LINE, pythonBase64 } from './base64.js';
import type { JsonText } from './json-text.js';
import { presentAddress, presentScalar } from './present.js';
import { quotedPrintable } from './quoted-printable.js';
import type { MessageType, NamedField, UnknownField } from './schema.js';

/** A text or bytes up to this long are written at once. */
const SHORT = 4096;
/** Bytes that are encoded at a time. */
const CHUNK = BASE64_LINE * 1024;

/**
 * Writes a decoded message as `crit decode` shows it, or with `pretty` as `crit decode --pretty` does: fields in the
 * order of their numbers, only those that are there, bytes as base64. What crit drops, fields that the schema does
 * not know, is under `_unknown`. Hands out the text whenever there is some.
 */
export class MessageWriter {
  constructor(
    private readonly out: JsonText,
    private readonly pretty: boolean,
  ) {}

  *message(type: MessageType, value: unknown, hex = false): Generator<string> {
    this.out.begin('{');
    yield* this.members(type, value, hex);
    this.out.end('}');
  }

  /** What is between the brackets of a message. */
  *members(type: MessageType, value: unknown, hex = false): Generator<string> {
    if (!isRecord(value)) return;
    for (const field of type.fields) {
      const found = value[field.name];
      if (found === undefined) continue;
      if (!Array.isArray(found)) {
        this.out.key(field.name);
        yield* this.value(field, found, hex);
      } else if (found.length > 0) {
        this.out.key(field.name);
        yield* this.list(field, found, hex);
      }
    }
    const unknown = value['_unknown'];
    if (Array.isArray(unknown)) yield* this.unknown(unknown);
  }

  private *list(field: NamedField, items: readonly unknown[], hex: boolean): Generator<string> {
    const { out } = this;
    out.begin('[');
    const address = presentAddress(field, items, this.pretty);
    for (const item of address === undefined ? items : [address]) {
      out.item();
      yield* this.value(field, item, hex);
      if (out.isFull) yield out.take();
    }
    out.end(']');
  }

  private *value(field: NamedField, value: unknown, inherited: boolean): Generator<string> {
    const type = typeof field.type === 'function' ? field.type() : field.type;
    if (typeof type === 'object' && type.kind === 'message') {
      yield* this.message(type, value, inherited || field.show.hex === true);
    } else if (value instanceof Uint8Array) {
      if (field.show.quoted) yield* this.string(quotedPrintable(value));
      else yield* this.base64(value);
    } else if (typeof value === 'string') yield* this.string(value);
    else this.out.value(presentScalar(field, value, this.pretty, inherited));
  }

  private *string(text: string): Generator<string> {
    if (text.length <= SHORT) this.out.value(text);
    else yield* this.out.long(text);
  }

  private *base64(bytes: Uint8Array): Generator<string> {
    this.out.raw('"');
    for (let at = 0; at < bytes.length; at += CHUNK) {
      this.out.raw(base64Characters(bytes.subarray(at, at + CHUNK)));
      if (this.out.isFull) yield this.out.take();
    }
    this.out.raw('"');
  }

  private *unknown(fields: readonly UnknownField[]): Generator<string> {
    const { out } = this;
    out.key('_unknown');
    out.begin('[');
    for (const { field, wire, value } of fields) {
      out.item();
      out.begin('{');
      out.key('field');
      out.value(field);
      out.key('wire');
      out.value(wire);
      out.key('value');
      if (typeof value === 'bigint') out.value(value);
      else yield* this.base64(value);
      out.end('}');
      if (out.isFull) yield out.take();
    }
    out.end(']');
  }
}

/** Base64 within a JSON string; of long runs, in pieces of a multiple of BASE64_LINE bytes. */
export function base64Characters(bytes: Uint8Array): string {
  return pythonBase64(bytes).replaceAll('\n', '\\n');
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
