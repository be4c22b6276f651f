import { type CritValue, isCritList } from '../../criu/json-text.js';
import type { Item, OutlineContent } from '../core/outline.js';
import { EMPTY } from './items.js';

/** JSON as a foldable tree: keys and values in one column, made one item at a time when looked at. */
export function jsonContent(
  value: CritValue,
  empty: string,
  more: Partial<OutlineContent> = {},
): OutlineContent {
  const root = jsonItem('', value);
  const alone = root.count === 0;
  return {
    kind: 'outline',
    columns: [{ header: '' }],
    root: alone ? { cells: [], count: 1, child: () => root } : root,
    empty,
    ...more,
  };
}

/** One member: its key, and its value or, of a list or an object, a summary. */
function jsonItem(key: string, value: CritValue): Item {
  const label = key === '' ? '' : `${key}: `;
  if (typeof value !== 'object' || value === null) {
    const text = typeof value === 'string' ? value : String(value);
    return { cells: [label + text], count: 0, copy: text };
  }
  if (isCritList(value)) {
    return {
      cells: [`${label}[${value.length}]`],
      count: value.length,
      child: (index) => child(String(index), value[index]),
    };
  }
  const object = value;
  return {
    cells: [label + summary(object)],
    count: keysOf(object).length,
    child: (index) => {
      const name = keysOf(object)[index] ?? '';
      return child(name, Object.hasOwn(object, name) ? object[name] : undefined);
    },
  };
}

function child(key: string, value: CritValue | undefined): Item {
  return value === undefined ? EMPTY : jsonItem(key, value);
}

const SUMMARY_MEMBERS = 5;
const SUMMARY_LENGTH = 160;

/** The first scalars of an object, enough to tell one from the next. */
function summary(value: { readonly [key: string]: CritValue }): string {
  const names = keysOf(value);
  const parts: string[] = [];
  for (const name of names.slice(0, 4 * SUMMARY_MEMBERS)) {
    const member = Object.hasOwn(value, name) ? value[name] : undefined;
    if (member === undefined || member === null || typeof member === 'object') continue;
    parts.push(`${name}: ${String(member).slice(0, 40)}`);
    if (parts.length === SUMMARY_MEMBERS) break;
  }
  const text = parts.join(', ').slice(0, SUMMARY_LENGTH);
  return `{${text}${parts.length < names.length ? (text === '' ? `${names.length}` : ', ...') : ''}}`;
}

/** Keys are counted for every row that is drawn: once for each object is enough. */
const known = new WeakMap<object, readonly string[]>();

function keysOf(value: object): readonly string[] {
  let keys = known.get(value);
  if (keys === undefined) {
    keys = Object.keys(value);
    known.set(value, keys);
  }
  return keys;
}
