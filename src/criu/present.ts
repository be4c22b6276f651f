import { addressText } from './address.js';
import type { CritScalar } from './json-text.js';
import type { FlagTable, NamedField, Presentation } from './schema.js';

/**
 * A number, text or truth value as crit shows it; with `pretty` as `crit decode --pretty` does.
 *
 * @param hex whether the message is in a field that is shown in hexadecimal
 */
export function presentScalar(field: NamedField, value: unknown, pretty: boolean, hex: boolean): CritScalar {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value !== 'number' && typeof value !== 'bigint')
    throw new TypeError(`${field.name}: ${typeof value}`);
  // The names of an enumeration are texts; a value of it without a name stays a plain number.
  if (!pretty || typeof field.type === 'object') return value;
  return prettyInteger(field.show, hex || field.show.hex === true, value);
}

/** The words of a repeated field as an address, where that is what they are, and crit shows it as text. */
export function presentAddress(
  field: NamedField,
  items: readonly unknown[],
  pretty: boolean,
): string | undefined {
  if (!pretty || !field.show.address) return undefined;
  return addressText(items.filter((item) => typeof item === 'number'));
}

function prettyInteger(show: Presentation, hex: boolean, value: number | bigint): CritScalar {
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
