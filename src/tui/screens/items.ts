import { basename } from 'node:path';
import { formatTime } from '../../base/units.js';
import type { ByteSource } from '../../bytes/source.js';
import { type Column, cellText, type Row } from '../../render/table.js';
import type { Item, OutlineColumn, OutlineContent, Tone } from '../core/outline.js';
import type { Extract } from '../core/work.js';

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

/**
 * The rows of a view as the commands print them; what a row is about, and where it leads, is the screen's to say.
 *
 * @param all - also the columns that are not shown in the list
 */
export function tableContent<R extends Row>(
  columns: readonly Column<R>[],
  rows: readonly R[],
  empty: string,
  all: readonly Column<R>[] = columns,
  describe: (row: R) => Partial<Item> = () => ({}),
  more: Partial<OutlineContent> = {},
): OutlineContent {
  const child = (index: number): Item => {
    const row = rows[index];
    return row === undefined ? EMPTY : rowItem(columns, row, all, describe(row));
  };
  return {
    kind: 'outline',
    columns: columns.map(({ header, align, squeeze }) => ({ header, align, squeeze })),
    root: { cells: [], count: rows.length, child },
    empty,
    ...more,
  };
}

/**
 * A view's row as an item. Cells that deserve an eye are marked, not only coloured.
 *
 * @param all - also the columns that are not shown in the list
 */
export function rowItem<R extends Row>(
  columns: readonly Column<R>[],
  row: R,
  all: readonly Column<R>[],
  more: Partial<Item> = {},
): Item {
  const tones = columns.map((column): Tone | undefined => (column.alert?.(row) === true ? 'bad' : undefined));
  const alert = tones.some((tone) => tone !== undefined);
  return {
    cells: columns.map((column) => cellText(column, row)),
    count: 0,
    tones,
    mark: alert ? '!' : undefined,
    facts: () => all.map((column) => [column.header, cellText(column, row)] as const),
    ...more,
  };
}

/** The columns of a view that tables show unless asked for more. */
export function shownColumns<R>(columns: readonly Column<R>[]): readonly Column<R>[] {
  return columns.filter(({ wide }) => wide !== true);
}

/** Paths to open so that a tree is shown open, outer levels first, as long as the rows stay few. */
export function openPaths(root: Item, rowsMost: number): number[][] {
  const paths: number[][] = [];
  const queue: { item: Item; path: number[] }[] = [{ item: root, path: [] }];
  let rows = root.count;
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const { item, path } = next;
    if (path.length > 0) {
      if (rows + item.count > rowsMost) continue;
      rows += item.count;
      paths.push(path);
    }
    for (let at = 0; at < Math.min(item.count, rowsMost); at += 1) {
      const child = item.child?.(at);
      if (child !== undefined && child.count > 0) queue.push({ item: child, path: [...path, at] });
    }
  }
  return paths;
}

const CHUNK = 1 << 20;

/** All of a source, as something to extract. */
export function sourceExtract(path: string, size: number, open: () => ByteSource): Extract {
  return {
    name: proposedName(path),
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
export function proposedName(path: string): string {
  const name = basename(path)
    .replaceAll(/[^\w.+-]/g, '_')
    .slice(0, 120);
  return /^\.*$/.test(name) ? 'extracted.bin' : name;
}

/** Seconds since 1970 as a time; a number that is none, as it stands. */
export function timeText(seconds: number): string {
  const time = new Date(seconds * 1000);
  return Number.isNaN(time.getTime()) ? String(seconds) : formatTime(time);
}
