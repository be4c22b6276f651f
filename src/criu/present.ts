import { addressText } from './address.js';
import { pythonBase64 } from './base64.js';
import type { JsonObject, JsonValue } from './json-text.js';
import { quotedPrintable } from './quoted-printable.js';
import type { FlagTable, MessageType, NamedField, Presentation, UnknownField } from './schema.js';

/**
 * A decoded message as `crit decode` shows it, or with `pretty` as `crit decode --pretty` does: fields in the order
 * of their numbers, only those that are there, bytes as base64. What crit drops, fields that the schema does not
 * know, is under `_unknown`.
 */
export function presentMessage(type: MessageType, value: unknown, pretty: boolean, hex = false): JsonObject {
  const out: Record<string, JsonValue> = {};
  if (!isRecord(value)) return out;
  for (const field of type.fields) {
    const found = value[field.name];
    if (found === undefined) continue;
    if (!Array.isArray(found)) out[field.name] = presentValue(field, found, pretty, hex);
    else if (found.length > 0) out[field.name] = presentList(field, found, pretty, hex);
  }
  if (Array.isArray(value['_unknown'])) out['_unknown'] = value['_unknown'].map(presentUnknown);
  return out;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function presentList(
  field: NamedField,
  items: readonly unknown[],
  pretty: boolean,
  hex: boolean,
): JsonValue[] {
  if (pretty && field.show.address) {
    const address = addressText(items.filter((item) => typeof item === 'number'));
    if (address !== undefined) return [address];
  }
  return items.map((item) => presentValue(field, item, pretty, hex));
}

function presentValue(field: NamedField, value: unknown, pretty: boolean, inherited: boolean): JsonValue {
  const { show } = field;
  const hex = inherited || show.hex === true;
  const type = typeof field.type === 'function' ? field.type() : field.type;
  if (typeof type === 'object' && type.kind === 'message') return presentMessage(type, value, pretty, hex);
  if (value instanceof Uint8Array) return show.quoted ? quotedPrintable(value) : pythonBase64(value);
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value !== 'number' && typeof value !== 'bigint')
    throw new TypeError(`${field.name}: ${typeof value}`);
  return pretty && typeof type !== 'object' ? prettyInteger(show, hex, value) : value;
}

function prettyInteger(show: Presentation, hex: boolean, value: number | bigint): JsonValue {
  if (hex) return `0x${value.toString(16)}`;
  if (show.device !== undefined) return deviceText(show.device, BigInt(value));
  if (show.flags !== undefined) return flagText(show.flags, Number(value));
  return show.names?.[Number(value)] ?? value;
}

/** Names of the bits, ` | ` between them, then in hexadecimal the bits without a name; nothing for no bits. */
export function flagText(table: FlagTable, value: number): string {
  const names: string[] = [];
  let rest = value >>> 0;
  for (const [name, bit] of table) {
    if ((value & bit) === 0) continue;
    names.push(name);
    rest = (rest & ~bit) >>> 0;
  }
  if (rest !== 0) names.push(`0x${rest.toString(16)}`);
  return names.join(' | ');
}

/** `major:minor`, of the kernel's own packing (20 bits of minor) or of `dev_t` as stat(2) answers (gnu_dev_major). */
export function deviceText(packing: 'kernel' | 'libc', device: bigint): string {
  if (packing === 'kernel') return `${device >> 20n}:${device & 0xfffffn}`;
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn);
  const minor = (device & 0xffn) | ((device >> 12n) & 0xffffff00n);
  return `${major}:${minor}`;
}

function presentUnknown(unknown: UnknownField): JsonObject {
  const { field, wire, value } = unknown;
  return { field, wire, value: typeof value === 'bigint' ? value : pythonBase64(value) };
}
