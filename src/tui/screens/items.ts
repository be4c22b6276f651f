import { basename } from 'node:path';
import type { ByteSource } from '../../bytes/source.js';
import { type Column, cellText, type Row } from '../../render/table.js';
import type { Extract, Item, OutlineColumn, OutlineContent, Tone } from '../core/outline.js';

/** An item without anything below it. */
export function leaf(
  cells: readonly string[],
  more: Omit<Partial<Item>, 'cells' | 'count' | 'child'> = {},
): Item {
  return { cells, count: 0, ...more };
}

/** An item with others below it. */
export function branch(
  cells: readonly string[],
  children: readonly Item[],
  more: Omit<Partial<Item>, 'cells' | 'count' | 'child'> = {},
): Item {
  return { cells, count: children.length, child: (index) => children[index] ?? EMPTY, ...more };
}

/** A title among rows. */
export function title(text: string): Item {
  return leaf([text], { heading: true });
}

export const EMPTY: Item = { cells: [], count: 0 };

/** Rows in columns. */
export function listContent(
  columns: readonly OutlineColumn[],
  items: readonly Item[],
  empty: string,
  more: Partial<OutlineContent> = {},
): OutlineContent {
  return { kind: 'outline', columns, root: branch([], items), empty, ...more };
}

/** Lines of running text. */
export function proseContent(
  lines: readonly (string | Item)[],
  more: Partial<OutlineContent> = {},
): OutlineContent {
  const child = (index: number): Item => {
    const line = lines[index] ?? '';
    return typeof line === 'string' ? leaf([line]) : line;
  };
  return {
    kind: 'outline',
    columns: [{ header: '' }],
    root: { cells: [], count: lines.length, child },
    empty: 'empty',
    prose: true,
    ...more,
  };
}

/** The rows of a view as the commands print them; what a row is about, and where it leads, is the screen's to say. */
export function tableContent<R extends Row>(
  columns: readonly Column<R>[],
  rows: readonly R[],
  empty: string,
  describe: (row: R) => Partial<Item> = () => ({}),
  more: Partial<OutlineContent> = {},
): OutlineContent {
  const child = (index: number): Item => {
    const row = rows[index];
    return row === undefined ? EMPTY : rowItem(columns, row, describe(row));
  };
  return {
    kind: 'outline',
    columns: columns.map(({ header, align, squeeze }) => ({ header, align, squeeze })),
    root: { cells: [], count: rows.length, child },
    empty,
    ...more,
  };
}

/** A view's row as an item. Cells that deserve an eye are marked, not only coloured. */
export function rowItem<R extends Row>(
  columns: readonly Column<R>[],
  row: R,
  more: Partial<Item> = {},
): Item {
  const tones = columns.map((column): Tone | undefined => (column.alert?.(row) === true ? 'bad' : undefined));
  const alert = tones.some((tone) => tone !== undefined);
  return {
    cells: columns.map((column) => cellText(column, row)),
    count: 0,
    tones,
    mark: alert ? '!' : undefined,
    ...more,
  };
}

/** The columns of a view that tables show unless asked for more. */
export function shownColumns<R>(columns: readonly Column<R>[]): readonly Column<R>[] {
  return columns.filter(({ wide }) => wide !== true);
}

const CHUNK = 1 << 20;

/** All of a source, as something to extract. */
export function sourceExtract(path: string, size: number, open: () => ByteSource): Extract {
  return {
    name: safeName(path),
    size,
    async *stream(signal) {
      const source = open();
      for (let at = 0; at < source.size; at += CHUNK) {
        signal.throwIfAborted();
        yield await source.read(at, Math.min(CHUNK, source.size - at));
      }
    },
  };
}

/** A file name to propose for something of untrusted name: its last part, without what a shell or terminal minds. */
export function safeName(path: string): string {
  const name = basename(path)
    .replaceAll(/[^\w.+-]/g, '_')
    .slice(0, 120);
  return /^\.*$/.test(name) ? 'extracted.bin' : name;
}
