import { escapeJson } from './escape.js';
import type { JsonValue } from './table.js';

/** Indented JSON, one value, that nothing in it can make a terminal act on; ends with a newline. */
export function renderJson(value: JsonValue): string {
  return `${escapeJson(JSON.stringify(value, null, 2))}\n`;
}

/** One line of JSON a row. */
export function renderNdjson(rows: readonly JsonValue[]): string {
  return rows.map((row) => `${escapeJson(JSON.stringify(row))}\n`).join('');
}
