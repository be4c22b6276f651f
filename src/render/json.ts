import type { JsonValue } from '../base/json.js';
import { isList } from '../base/json-fields.js';
import { escapeJson } from './escape.js';

/** Indented JSON, one value, that nothing in it can make a terminal act on; ends with a newline. */
export function renderJson(value: JsonValue): string {
  return `${escapeJson(JSON.stringify(value, null, 2))}\n`;
}

/** Lists and objects with no more values than these, inner ones included, are written at once. */
const SMALL = 200;

/** What `renderJson` gives for one large value, piece by piece; with `line`, all of it on one line. */
export function* renderJsonValue(
  value: JsonValue,
  layout: 'indented' | 'line' = 'indented',
): Generator<string> {
  yield* gather(parts(value, layout === 'line' ? undefined : ''), (part) => part);
  yield '\n';
}

/** @param lead - what stands before each line of the value; undefined when there is one line only */
function* parts(value: JsonValue, lead: string | undefined): Generator<string> {
  if (countValues(value, SMALL) > 0) {
    const text = escapeJson(JSON.stringify(value, null, lead === undefined ? undefined : 2));
    yield lead === undefined || lead === '' ? text : text.replaceAll('\n', `\n${lead}`);
    return;
  }
  const [open, close, items] = opened(value);
  const inner = lead === undefined ? undefined : `${lead}  `;
  const line = inner === undefined ? '' : `\n${inner}`;
  let before = open;
  for (const [key, item] of items) {
    const name =
      key === undefined ? '' : `${escapeJson(JSON.stringify(key))}:${inner === undefined ? '' : ' '}`;
    yield `${before}${line}${name}`;
    yield* parts(item, inner);
    before = ',';
  }
  yield lead === undefined ? close : `\n${lead}${close}`;
}

/** What is left of `most` when all values are counted; 0 or less as soon as there are more. */
function countValues(value: JsonValue, most: number): number {
  if (typeof value !== 'object' || value === null) return most - 1;
  let left = most - 1;
  for (const item of isList(value) ? value : Object.values(value)) {
    if (left <= 0) return left;
    left = countValues(item, left);
  }
  return left;
}

type Opened = readonly [
  open: string,
  close: string,
  items: readonly (readonly [string | undefined, JsonValue])[],
];

/** What a list or an object holds; of anything else, nothing. */
function opened(value: JsonValue): Opened {
  if (isList(value)) return ['[', ']', value.map((item) => [undefined, item] as const)];
  if (typeof value !== 'object' || value === null) return ['', '', []];
  return ['{', '}', Object.entries(value)];
}

/** Pieces of about this many characters are handed on: a list of many rows is never one text. */
const PIECE = 64 * 1024;

/** What `renderJson` gives for a list of rows, piece by piece. */
export function renderJsonRows(rows: readonly JsonValue[]): Iterable<string> {
  if (rows.length === 0) return ['[]\n'];
  return gather(rows, (row, at) => {
    const text = escapeJson(JSON.stringify(row, null, 2)).replaceAll('\n', '\n  ');
    return `${at === 0 ? '[\n' : ''}  ${text}${at === rows.length - 1 ? '\n]' : ','}\n`;
  });
}

/** What `renderJson` gives for an object of these fields and, last, one list, which is never held; piece by piece. */
export function renderJsonList(
  fields: { readonly [key: string]: JsonValue },
  key: string,
  rows: Iterable<JsonValue>,
): Iterable<string> {
  const head = renderJson({ ...fields, [key]: [] }).replace(/\]\n\}\n$/, '');
  const lines = function* (): Generator<string> {
    let before = `${head}\n    `;
    for (const row of rows) {
      yield `${before}${escapeJson(JSON.stringify(row, null, 2)).replaceAll('\n', '\n    ')}`;
      before = ',\n    ';
    }
    yield before.startsWith(',') ? '\n  ]\n}\n' : `${head}]\n}\n`;
  };
  return gather(lines(), (line) => line);
}

/** One line of JSON a row, piece by piece. */
export function renderNdjsonRows(rows: readonly JsonValue[]): Iterable<string> {
  return gather(rows, (row) => `${escapeJson(JSON.stringify(row))}\n`);
}

function* gather<T>(rows: Iterable<T>, render: (row: T, at: number) => string): Generator<string> {
  let piece = '';
  let at = 0;
  for (const row of rows) {
    piece += render(row, at);
    at += 1;
    if (piece.length < PIECE) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}
