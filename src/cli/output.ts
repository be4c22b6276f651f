import { setImmediate } from 'node:timers/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { UsageError } from '../base/errors.js';
import type { JsonValue } from '../base/json.js';
import { renderCsv } from '../render/csv.js';
import { drain, filterRows, parseFilter } from '../render/filter.js';
import { renderJson, renderJsonRows, renderNdjsonRows } from '../render/json.js';
import { type Column, cellText, type Row, type TreeNode } from '../render/table.js';
import { renderTextTable } from '../render/text-table.js';
import { renderTextTree } from '../render/text-tree.js';
import { interrupted } from './interrupt.js';
import { writeOut } from './write-out.js';

export const FORMATS = ['table', 'tree', 'json', 'ndjson', 'csv'] as const;
export type Format = (typeof FORMATS)[number];

/** What `addOutputOptions` puts into commander's options. */
export interface OutputOptions {
  readonly format?: Format;
  readonly json?: true;
  readonly filter?: readonly string[];
  readonly columns?: readonly string[];
  readonly wide?: true;
}

/** Rows with what the formats need: columns for tables and CSV, optionally a tree of a shape of their own. */
export interface Output<R extends Row> {
  readonly columns: readonly Column<R>[];
  readonly rows: readonly R[];
  /** Default: a node a row. */
  tree?(rows: readonly R[]): readonly TreeNode[];
}

/** Adds `--format`, `--json`, `--filter`, `--columns` and `--wide`. */
export function addOutputOptions(command: Command): Command {
  return command
    .addOption(new Option('--format <format>', 'how the rows are printed').choices(FORMATS))
    .option('--json', 'short for --format json')
    .option(
      '--filter <field=value>',
      'only rows that match; also != and, for regular expressions, ~ and !~',
      collect,
    )
    .option('--columns <names>', 'only these fields, in this order, separated by commas', splitNames)
    .option('--wide', 'a table with every column');
}

/** Adds `-p, --pid`. */
export function addPidOption(command: Command, about = 'only this process'): Command {
  return command.option('-p, --pid <pid>', about, parsePid);
}

/** A PID as the command line gives it. */
export function parsePid(text: string): number {
  if (!/^[0-9]{1,10}$/.test(text) || Number(text) > 0x7fffffff) throw new InvalidArgumentError('not a PID.');
  return Number(text);
}

/** The format asked for; a table if none was. */
export function formatOf(options: OutputOptions): Format {
  if (options.json === true) {
    if (options.format !== undefined && options.format !== 'json') {
      throw new UsageError(`--json and --format ${options.format} exclude each other`);
    }
    return 'json';
  }
  return options.format ?? 'table';
}

/** Prints rows on standard output as the options ask. */
export async function printRows<R extends Row>(output: Output<R>, options: OutputOptions): Promise<void> {
  const rows = filtering(output, options);
  for (;;) {
    const { done, value } = rows.next();
    if (done === true) {
      for (const piece of renderPieces({ ...output, rows: value }, options, terminal()))
        await writeOut(piece);
      return;
    }
    await setImmediate();
    interrupted.throwIfAborted();
  }
}

/** Prints one JSON value that is not a list of rows. */
export async function printJson(value: JsonValue): Promise<void> {
  await writeOut(renderJson(value));
}

/** Prints a tree. */
export async function printTree(roots: readonly TreeNode[]): Promise<void> {
  await writeOut(renderTextTree(roots));
}

/** What standard output is: its width when it is a terminal, and whether it takes colours (https://no-color.org). */
export function terminal(): { readonly width?: number; readonly color: boolean } {
  if (!process.stdout.isTTY) return { color: false };
  const color = (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb';
  return { width: process.stdout.columns ?? 80, color };
}

/** The text of rows in the format that the options ask for. */
export function renderRows<R extends Row>(
  output: Output<R>,
  options: OutputOptions,
  screen: { readonly width?: number; readonly color: boolean },
): string {
  const rows = drain(filtering(output, options));
  return [...renderPieces({ ...output, rows }, options, screen)].join('');
}

/** The rows that the options ask for. */
function filtering<R extends Row>(output: Output<R>, options: OutputOptions): Generator<void, readonly R[]> {
  const fields = output.columns.map((column) => column.key as string);
  return filterRows(output.rows, (options.filter ?? []).map(parseFilter), fields);
}

/** The same in pieces, so that long lists of rows are not held as text. */
function renderPieces<R extends Row>(
  output: Output<R>,
  options: OutputOptions,
  screen: { readonly width?: number; readonly color: boolean },
): Iterable<string> {
  const format = formatOf(options);
  const { rows } = output;
  const columns = options.columns === undefined ? output.columns : pick(output.columns, options.columns);
  switch (format) {
    case 'table':
      return [
        renderTextTable(columns, rows, {
          ...screen,
          wide: options.wide === true || options.columns !== undefined,
        }),
      ];
    case 'tree':
      return [renderTextTree(output.tree?.(rows) ?? rows.map((row) => rowNode(columns, row)))];
    case 'json':
      return renderJsonRows(picked(columns, rows, options));
    case 'ndjson':
      return renderNdjsonRows(picked(columns, rows, options));
    case 'csv':
      return [renderCsv(columns, rows)];
  }
}

function pick<R extends Row>(columns: readonly Column<R>[], names: readonly string[]): readonly Column<R>[] {
  return names.map((name) => {
    const column = columns.find(({ key }) => key === name);
    if (column !== undefined) return column;
    const fields = columns.map(({ key }) => key).join(', ');
    throw new UsageError(`there is no field named ${name}`, { remedy: `fields: ${fields}` });
  });
}

function picked<R extends Row>(
  columns: readonly Column<R>[],
  rows: readonly R[],
  options: OutputOptions,
): readonly Row[] {
  if (options.columns === undefined) return rows;
  return rows.map((row) => Object.fromEntries(columns.map(({ key }) => [key, row[key] ?? null])));
}

function rowNode<R extends Row>(columns: readonly Column<R>[], row: R): TreeNode {
  const texts = columns.map((column) => ({ header: column.header, text: cellText(column, row) }));
  const [first, ...rest] = texts.filter(({ text }) => text !== '');
  return {
    label: first?.text ?? '',
    children: rest.map(({ header, text }) => ({ label: `${header}: ${text}`, children: [] })),
  };
}

function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

function splitNames(value: string): readonly string[] {
  return value.split(',').map((name) => name.trim());
}
