import { formatAddress, formatSize } from '../../base/units.js';
import type { Extra, Range } from '../../criu/extra.js';
import type { ImageRecord } from '../../criu/image.js';
import { presentAddress, presentScalar } from '../../criu/present.js';
import { quotedPrintable } from '../../criu/quoted-printable.js';
import type { MessageType, NamedField } from '../../criu/schema.js';
import type { Item } from '../core/outline.js';
import type { Place } from '../core/place.js';
import { branch, EMPTY, leaf } from './items.js';

/** Bytes of a field that are shown in its line. */
const BYTES_SHOWN = 32;
const SUMMARY_MEMBERS = 5;

/** Builds the trees of one image's entries, each when it is looked at; values as `crit decode --pretty` shows them. */
export class RecordTree {
  readonly #image: string;

  constructor(image: string) {
    this.#image = image;
  }

  /** An entry, and what follows it in the image. */
  item(index: number, record: ImageRecord): Item {
    const own = this.#message(String(index), record.type, record.value, false);
    const { extra } = record;
    if (extra === undefined) return own;
    const below = this.#extra(extra);
    return {
      ...own,
      count: own.count + 1,
      child: (at) => (at < own.count ? (own.child?.(at) ?? EMPTY) : below),
    };
  }

  #message(label: string, type: MessageType, value: unknown, hex: boolean): Item {
    if (!isRecord(value)) return leaf([`${label}:`]);
    const fields = type.fields.filter(({ name }) => isThere(value[name]));
    const unknown = value['_unknown'];
    const strangers = Array.isArray(unknown) && unknown.length > 0 ? unknown : undefined;
    return {
      cells: [`${label}: {${this.#summary(fields, value, hex)}}`],
      count: fields.length + (strangers === undefined ? 0 : 1),
      child: (at) => {
        const field = fields[at];
        if (field !== undefined) return this.#field(field, value[field.name], hex);
        return branch([`_unknown: [${strangers?.length ?? 0}]`], (strangers ?? []).map(strangerItem), {
          tone: 'warn',
        });
      },
    };
  }

  #field(field: NamedField, value: unknown, hex: boolean): Item {
    if (!Array.isArray(value)) return this.#value(field.name, field, value, hex);
    const address = presentAddress(field, value, true);
    if (address !== undefined) return leaf([`${field.name}: ${address}`], { copy: address });
    const items: readonly unknown[] = value;
    return {
      cells: [`${field.name}: [${items.length}]`],
      count: items.length,
      child: (at) => this.#value(String(at), field, items[at], hex),
    };
  }

  #value(label: string, field: NamedField, value: unknown, inherited: boolean): Item {
    const type = typeof field.type === 'function' ? field.type() : field.type;
    if (typeof type === 'object' && type.kind === 'message') {
      return this.#message(label, type, value, inherited || field.show.hex === true);
    }
    const text = scalarText(field, value, inherited);
    return leaf([`${label}: ${text}`], { copy: text });
  }

  /** The first scalars of a message, enough to tell one from the next. */
  #summary(fields: readonly NamedField[], value: Readonly<Record<string, unknown>>, hex: boolean): string {
    const parts: string[] = [];
    for (const field of fields) {
      const found = value[field.name];
      if (Array.isArray(found)) continue;
      if (isRecord(found) && !(found instanceof Uint8Array)) {
        // what is inside matters where it has a name
        const name = found['name'];
        if (typeof name === 'string' && name !== '') parts.push(`${field.name}: ${name.slice(0, 120)}`);
        continue;
      }
      parts.push(`${field.name}: ${scalarText(field, found, hex).slice(0, 40)}`);
      if (parts.length === SUMMARY_MEMBERS) break;
    }
    return parts.join(', ') + (parts.length < fields.length ? (parts.length === 0 ? '...' : ', ...') : '');
  }

  #extra(extra: Extra): Item {
    switch (extra.kind) {
      case 'bytes':
        return this.#bytes('extra', extra.data);
      case 'tcp queues':
        return branch(
          ['extra: {inq, outq}'],
          [this.#bytes('inq', extra.inq), this.#bytes('outq', extra.outq)],
        );
      case 'semaphores':
        return branch(
          [`extra: [${extra.values.length}]`],
          extra.values.map((value, at) => leaf([`${at}: ${value}`])),
        );
      case 'messages':
        return branch(
          [`extra: [${extra.messages.length}]`],
          extra.messages.map(({ type, value, data }, at) => {
            const own = this.#message(String(at), type, value, false);
            return branch([`${at}:`], [own, this.#bytes('data', data)]);
          }),
        );
    }
  }

  /** Bytes that stay in the image: shown there. */
  #bytes(label: string, { offset, length }: Range): Item {
    const place: Place = {
      page: 'image',
      subject: this.#image,
      tab: 'hex',
      at: formatAddress(BigInt(offset)),
    };
    const text = `${label}: ${formatSize(length)} at offset ${formatAddress(BigInt(offset))}`;
    return leaf([text], { tone: 'key', place });
  }
}

function scalarText(field: NamedField, value: unknown, hex: boolean): string {
  if (!(value instanceof Uint8Array)) return String(presentScalar(field, value, true, hex));
  if (field.show.quoted === true) return quotedPrintable(value);
  const shown = Buffer.from(value.subarray(0, BYTES_SHOWN)).toString('hex');
  return `${formatSize(value.length)}: ${shown}${value.length > BYTES_SHOWN ? '...' : ''}`;
}

function strangerItem(field: unknown, at: number): Item {
  if (!isRecord(field)) return leaf([String(at)]);
  const { field: number, wire, value } = field;
  const text =
    value instanceof Uint8Array ? Buffer.from(value.subarray(0, BYTES_SHOWN)).toString('hex') : String(value);
  return leaf([`field ${String(number)}, ${String(wire)}: ${text}`], { tone: 'warn' });
}

function isThere(value: unknown): boolean {
  return value !== undefined && !(Array.isArray(value) && value.length === 0);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
