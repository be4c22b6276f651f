import type { JsonObject, JsonValue } from '../base/json.js';
import { isList } from '../base/json-fields.js';
import { portableJson } from '../base/spelling.js';

/** A row as it is printed by --json: plain data whose keys are stable and documented. Strings are raw text. */
export type Row = JsonObject;

/**
 * How one field of a row looks to people. Its functions are methods so that the look of a narrower row is one of
 * any row too.
 */
interface ColumnLook<R> {
  readonly header: string;
  readonly align?: 'left' | 'right';
  /** Text of the cell; untrusted bytes may be in it, the renderer escapes them. Default: the field as text. */
  text?(row: R): string;
  /** Whether the cell deserves an investigator's eye: drawn in a colour where colours are. */
  alert?(row: R): boolean;
  /** The column that gives way first when a terminal is narrow has the highest number among columns of one width. Default 0: never. */
  readonly squeeze?: number;
  /** Which end of a cell stays when it is cut; paths are told apart by theirs. Default: start. */
  readonly keep?: 'start' | 'end';
  /** Left out of tables unless asked for (`--wide`); JSON and CSV always have it. */
  readonly wide?: boolean;
  /** What the field holds, for the reference of the JSON fields: one clause without a full stop. */
  readonly about?: string;
}

/** A column of rows of a known type. Renderers know columns, never the view that they come from. */
export interface Column<R> extends ColumnLook<R> {
  /** The field's name in JSON; also what --filter and --columns call it. */
  readonly key: Extract<keyof R, string>;
}

/** A column of rows of any type: what a list of tables of several types holds. Every `Column` is one. */
export interface AnyColumn extends ColumnLook<Row> {
  readonly key: string;
}

/** A labelled tree. Labels are raw text; the renderer escapes them. */
export interface TreeNode {
  readonly label: string;
  readonly children: readonly TreeNode[];
}

/** The text of a field that has no text of its own: lists are joined, absent values are empty. */
export function plainText(value: JsonValue | undefined): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  if (typeof value !== 'object') return String(value);
  if (isList(value) && value.every((item) => typeof item !== 'object' || item === null)) {
    return value.map(plainText).join(' ');
  }
  return portableJson(JSON.stringify(value));
}

/** The raw text of a cell. */
export function cellText<R extends Row>(column: Column<R>, row: R): string {
  return column.text === undefined ? plainText(row[column.key]) : column.text(row);
}
