import { escapeJson } from './escape.js';
import type { JsonValue } from './table.js';

/** Indented JSON, one value, that nothing in it can make a terminal act on; ends with a newline. */
export function renderJson(value: JsonValue): string {
  return `${escapeJson(JSON.stringify(value, null, 2))}\n`;
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

/** One line of JSON a row. */
export function renderNdjson(rows: readonly JsonValue[]): string {
  return [...renderNdjsonRows(rows)].join('');
}

/** What `renderNdjson` gives, piece by piece. */
export function renderNdjsonRows(rows: readonly JsonValue[]): Iterable<string> {
  return gather(rows, (row) => `${escapeJson(JSON.stringify(row))}\n`);
}

function* gather<T>(rows: readonly T[], render: (row: T, at: number) => string): Generator<string> {
  let piece = '';
  for (const [at, row] of rows.entries()) {
    piece += render(row, at);
    if (piece.length < PIECE) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}
