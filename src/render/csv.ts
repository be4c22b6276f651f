import type { JsonValue } from '../base/json.js';
import { portableJson } from '../base/spelling.js';
import { escapeText } from './escape.js';
import { type Column, plainText, type Row } from './table.js';

/** What a spreadsheet takes for the start of a formula, also after apostrophes that it hides; full-width twins too. */
const FORMULA = /^\s*'*[=+\-@\uff1d\uff0b\uff0d\uff20]/u;
const NEEDS_QUOTES = /[",;\n\r]|^\s|\s$/;

/**
 * CSV as RFC 4180 has it (CRLF, quotes doubled), fields named as in JSON. Text is escaped like everywhere else, so
 * that no control byte is left, and a cell that a spreadsheet would run as a formula gets an apostrophe in front.
 * Lists and objects are written as JSON.
 */
export function renderCsv<R extends Row>(columns: readonly Column<R>[], rows: readonly R[]): string {
  const lines = [columns.map((column) => column.key as string), ...rows.map((row) => cells(columns, row))];
  return lines.map((line) => `${line.map(quote).join(',')}\r\n`).join('');
}

function cells<R extends Row>(columns: readonly Column<R>[], row: R): string[] {
  return columns.map((column) => csvText(row[column.key]));
}

function csvText(value: JsonValue | undefined): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const text =
    typeof value === 'object' && value !== null
      ? escapeText(portableJson(JSON.stringify(value)))
      : escapeText(plainText(value));
  return FORMULA.test(text) ? `'${text}` : text;
}

function quote(cell: string): string {
  return NEEDS_QUOTES.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
