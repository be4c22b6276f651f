import type { Range } from './extra.js';

/** A value to be written as JSON: integers of any size, and base64 of bytes that stay in the image until then. */
export type JsonValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly JsonValue[]
  | JsonObject
  | Payload;
export type JsonObject = { readonly [key: string]: JsonValue };

/** Bytes of the image, to be written as a base64 string. */
export class Payload {
  constructor(readonly range: Range) {}
}

/** JSON text in pieces; a {@link Payload} stands for the characters of its string, quotes apart. */
export type JsonPiece = string | Payload;

const INDENT = '    ';

/**
 * Writes a value as Python's `json.dump` does: ASCII only, so nothing that a terminal would act on is in it, and
 * integers with every digit.
 *
 * @param level how deep the value is, for the indentation; undefined for everything on one line
 */
export function jsonPieces(value: JsonValue, level?: number): JsonPiece[] {
  const writer = new Writer();
  writer.write(value, level);
  return writer.finish();
}

/** A string as JSON in ASCII. */
export function jsonString(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** What separates, and encloses, the members of a list or an object. */
export function lineBreak(level: number | undefined): string {
  return level === undefined ? '' : `\n${INDENT.repeat(level)}`;
}

class Writer {
  private readonly pieces: JsonPiece[] = [];
  private text = '';

  finish(): JsonPiece[] {
    if (this.text !== '') this.pieces.push(this.text);
    return this.pieces;
  }

  write(value: JsonValue, level: number | undefined): void {
    if (typeof value === 'string') this.text += jsonString(value);
    else if (value === null || typeof value !== 'object') this.text += String(value);
    else if (value instanceof Payload) this.payload(value);
    else if (isList(value)) this.list(value, level);
    else this.object(value, level);
  }

  private payload(value: Payload): void {
    this.pieces.push(`${this.text}"`, value);
    this.text = '"';
  }

  private list(items: readonly JsonValue[], level: number | undefined): void {
    const inner = level === undefined ? undefined : level + 1;
    const comma = inner === undefined ? ', ' : `,${lineBreak(inner)}`;
    this.text += `[${items.length > 0 ? lineBreak(inner) : ''}`;
    items.forEach((item, i) => {
      if (i > 0) this.text += comma;
      this.write(item, inner);
    });
    this.text += `${items.length > 0 ? lineBreak(level) : ''}]`;
  }

  private object(members: JsonObject, level: number | undefined): void {
    const inner = level === undefined ? undefined : level + 1;
    const comma = inner === undefined ? ', ' : `,${lineBreak(inner)}`;
    const entries = Object.entries(members);
    this.text += `{${entries.length > 0 ? lineBreak(inner) : ''}`;
    entries.forEach(([key, item], i) => {
      if (i > 0) this.text += comma;
      this.text += `${jsonString(key)}: `;
      this.write(item, inner);
    });
    this.text += `${entries.length > 0 ? lineBreak(level) : ''}}`;
  }
}

function isList(value: readonly JsonValue[] | JsonObject): value is readonly JsonValue[] {
  return Array.isArray(value);
}
