import { FormatError } from '../base/errors.js';
import { decodeText } from '../base/text.js';

/** Headers and data of a tar come in blocks of this many bytes. */
export const TAR_BLOCK = 512;

/** Bytes that data of this size takes in a tar. */
export function padded(size: number): number {
  return Math.ceil(size / TAR_BLOCK) * TAR_BLOCK;
}

/** Text up to the first NUL, all its bytes kept as `decodeText` does. */
export function textField(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  if (end === 0) return '';
  return decodeText(end < 0 ? bytes : bytes.subarray(0, end));
}

/**
 * A numeric header field: octal digits with blanks or NULs around (POSIX ustar), or GNU's base-256, told by the
 * first byte's top bit: a two's complement big-endian number. An empty field is 0.
 *
 * @throws FormatError for anything else, and for numbers beyond 2^53
 */
export function numberField(header: Uint8Array, at: number, length: number, place: FieldPlace): number {
  const field = header.subarray(at, at + length);
  const first = field[0] ?? 0;
  return (first & 0x80) !== 0 ? base256(field, first, place) : octal(field, place);
}

/** Where a header stands, for errors. */
export interface FieldPlace {
  readonly where: string;
  readonly offset: number;
  readonly field: string;
}

function octal(field: Uint8Array, place: FieldPlace): number {
  let at = 0;
  let end = field.length;
  const blank = (byte: number | undefined): boolean => byte === 0x20 || byte === 0;
  while (at < end && blank(field[at])) at += 1;
  while (end > at && blank(field[end - 1])) end -= 1;
  let value = 0;
  for (; at < end; at += 1) {
    const digit = (field[at] ?? 0) - 0x30;
    // Some writers leave garbage after the NUL that ends the number.
    if (field[at] === 0) break;
    if (digit < 0 || digit > 7)
      throw new FormatError(place.where, place.offset, `its ${place.field} is no number`);
    value = value * 8 + digit;
  }
  return value;
}

function base256(field: Uint8Array, first: number, place: FieldPlace): number {
  const negative = first === 0xff;
  let value = negative ? -1n : BigInt(first & 0x7f);
  for (const byte of field.subarray(1)) value = value * 256n + BigInt(byte);
  if (value > BigInt(Number.MAX_SAFE_INTEGER) || value < -BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new FormatError(place.where, place.offset, `its ${place.field} is beyond 2^53`);
  }
  return Number(value);
}

/**
 * Whether a header's checksum holds: the sum of its bytes with the checksum field taken as blanks. Old writers
 * summed signed bytes; both are right.
 */
export function checksumHolds(header: Uint8Array, place: Omit<FieldPlace, 'field'>): boolean {
  let unsigned = 8 * 0x20;
  let signed = unsigned;
  for (let at = 0; at < TAR_BLOCK; at += 1) {
    if (at >= 148 && at < 156) continue;
    const byte = header[at] ?? 0;
    unsigned += byte;
    signed += byte > 127 ? byte - 256 : byte;
  }
  const stored = checksumField(header, place);
  return stored === unsigned || stored === signed;
}

/** undefined when it is no number, and so no sum of anything. */
function checksumField(header: Uint8Array, place: Omit<FieldPlace, 'field'>): number | undefined {
  try {
    return numberField(header, 148, 8, { ...place, field: 'checksum' });
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

/** A path as entries are named: without leading `./` and trailing `/`; the top itself is `.`, the root `/`. */
export function normalizeName(name: string): string {
  let start = 0;
  while (name[start] === '.' && name[start + 1] === '/') {
    start += 2;
    while (name[start] === '/') start += 1;
  }
  let end = name.length;
  while (end > start + 1 && name[end - 1] === '/') end -= 1;
  return end > start ? name.slice(start, end) : '.';
}
