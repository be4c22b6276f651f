import { textWidth } from '../../render/width.js';
import type { Item, OutlineColumn, OutlineContent, Path } from '../core/outline.js';
import { isOpen, itemAt } from '../core/outline.js';
import { outlineRow, outlineRows } from '../core/pane-outline.js';
import type { OutlineState } from '../core/state.js';
import { cell, highlight, inverse, paddedCell, paint, rawWidth, sideways, type Theme } from './theme.js';

export interface PaneFrame {
  readonly columns: number;
  readonly rows: number;
  readonly theme: Theme;
  /** Whether the pane has the cursor; one that stands beside does not. */
  readonly focused: boolean;
}

const GAP = 2;
/** The cursor's mark and an item's own. */
const GUTTER = 2;
/** A column is not measured further than this; what is wider is cut in any case. */
const WIDEST = 120;
const SQUEEZED_LEAST = 6;
const INDENT_MOST = 24;
const FILTER_WIDEST = 20;

/** The widest cell seen so far in each column of a content: columns only grow, so scrolling does not shake them. */
const seen = new WeakMap<OutlineContent, number[]>();

/** An outline as exactly `rows` lines, none wider than `columns`. */
export function paintOutline(content: OutlineContent, state: OutlineState, frame: PaneFrame): string[] {
  const lines: string[] = [];
  const { theme, columns } = frame;
  if (content.note !== undefined) lines.push(paint(theme, 'dim', cell(content.note, columns)));
  const headed = content.columns.some(({ header }) => header !== '');
  const height = frame.rows - lines.length - (headed ? 1 : 0);
  const rows: { item: Item; path: Path; row: number }[] = [];
  for (let row = state.top; row < state.top + height; row += 1) {
    const found = outlineRow(content, state, row);
    if (found === undefined) break;
    rows.push({ ...found, row });
  }
  const foldable = isFoldable(content);
  const texts = rows.map(({ item, path }) => firstCell(content, state, item, path, foldable, theme));
  const widths = columnWidths(content, rows, texts, columns - GUTTER);
  if (headed) lines.push(heading(content.columns, widths, theme));
  rows.forEach(({ item, row }, index) => {
    const focused = frame.focused && row === state.cursor;
    lines.push(paintRow(content, state, item, texts[index] ?? '', widths, { ...frame, focused }));
  });
  if (rows.length === 0) lines.push(paint(theme, 'dim', `  ${cell(emptyText(content, state), columns - 2)}`));
  while (lines.length < frame.rows) lines.push('');
  return lines;
}

/** A title, or any row of one cell among rows of several, has the whole width for itself. */
function spans(item: Item, content: OutlineContent): boolean {
  return item.heading === true || (item.cells.length === 1 && content.columns.length > 1);
}

/** Where the cursor is among the rows, for the status line. */
export function outlinePosition(state: OutlineState): string {
  const rows = outlineRows(state);
  const more = state.filter !== undefined && state.filter.matches?.done !== true ? '+' : '';
  const cut = state.filter?.matches?.cut === true ? ' (stopped at the limit)' : '';
  // a filter that is on is said, as what it hides is not to be seen
  const filter = state.filter === undefined ? '' : `/${cell(state.filter.pattern, FILTER_WIDEST)}  `;
  return filter + (rows === 0 ? `0${more}` : `${state.cursor + 1}/${rows}${more}${cut}`);
}

function paintRow(
  content: OutlineContent,
  state: OutlineState,
  item: Item,
  first: string,
  widths: readonly number[],
  frame: PaneFrame,
): string {
  const { theme, columns } = frame;
  const pattern = state.filter?.pattern ?? state.pattern;
  const gutter = `${frame.focused ? '>' : ' '}${item.mark === undefined ? ' ' : cell(item.mark, 1)}`;
  if (content.prose === true || spans(item, content)) {
    const tone = item.heading === true ? 'strong' : item.tone;
    const text = sideways(first, content.prose === true ? state.left : 0, columns - GUTTER);
    return frame.focused
      ? inverse(fill(gutter + text, columns))
      : paint(theme, item.tone, gutter) + highlight(theme, text, pattern, tone);
  }
  const shown = widths.flatMap((width, at) => (width > 0 ? [{ width, at }] : []));
  const cells = shown.map(({ width, at }) => {
    const raw = at === 0 ? first : (item.cells[at] ?? '');
    const text = paddedCell(raw, width, content.columns[at]?.align ?? 'left');
    return { text, tone: item.tones?.[at] ?? item.tone };
  });
  if (frame.focused) {
    return inverse(fill(gutter + cells.map(({ text }) => text).join(' '.repeat(GAP)), columns));
  }
  const painted = cells.map(({ text, tone }) => highlight(theme, text, pattern, tone));
  return paint(theme, item.tone, gutter) + painted.join(' '.repeat(GAP));
}

/** The first column's raw text: indentation and fold mark of a tree, or where a filtered item belongs. */
function firstCell(
  content: OutlineContent,
  state: OutlineState,
  item: Item,
  path: Path,
  foldable: boolean,
  theme: Theme,
): string {
  const own = item.cells[0] ?? '';
  if (!foldable) return own;
  if (state.filter !== undefined) return [...owners(content, path), own].join(` ${theme.glyphs.into} `);
  const indent = ' '.repeat(Math.min(INDENT_MOST, 2 * (path.length - 1)));
  const deep = 2 * (path.length - 1) > INDENT_MOST ? `(${path.length}) ` : '';
  const mark = item.count === 0 ? ' ' : isOpen(state.tree, path) ? theme.glyphs.open : theme.glyphs.closed;
  return `${indent}${deep}${mark} ${own}`;
}

/** Names of the items above one; of a deep one only the nearest. */
function owners(content: OutlineContent, path: Path): string[] {
  const names: string[] = [];
  const from = Math.max(1, path.length - 3);
  for (let depth = from; depth < path.length; depth += 1) {
    names.push((itemAt(content.root, path.slice(0, depth))?.cells[0] ?? '').slice(0, 256));
  }
  return from > 1 ? ['...', ...names] : names;
}

/** A content can be folded if anything on its first level has something below it. */
function isFoldable(content: OutlineContent): boolean {
  if (content.prose === true) return false;
  const known = foldable.get(content);
  if (known !== undefined) return known;
  let found = false;
  for (let at = 0; at < Math.min(content.root.count, 1000) && !found; at += 1) {
    found = (content.root.child?.(at).count ?? 0) > 0;
  }
  foldable.set(content, found);
  return found;
}
const foldable = new WeakMap<OutlineContent, boolean>();

/** Widths of the columns: what they need, and where that is too much, those that may give way do. */
function columnWidths(
  content: OutlineContent,
  rows: readonly { item: Item }[],
  firsts: readonly string[],
  room: number,
): number[] {
  const { columns } = content;
  const widest = seen.get(content) ?? columns.map(({ header }) => textWidth(header));
  rows.forEach(({ item }, index) => {
    if (spans(item, content)) return;
    for (let at = 0; at < columns.length; at += 1) {
      const raw = at === 0 ? (firsts[index] ?? '') : (item.cells[at] ?? '');
      widest[at] = Math.max(widest[at] ?? 0, rawWidth(raw, WIDEST));
    }
  });
  seen.set(content, widest);
  const widths = [...widest];
  let excess = widths.reduce((sum, width) => sum + width, 0) + GAP * (widths.length - 1) - room;
  const order = columns
    .map((column, at) => ({ at, rank: column.squeeze ?? 0, least: textWidth(column.header) }))
    .sort((a, b) => b.rank - a.rank);
  for (const { at, least } of order) {
    if (excess <= 0) break;
    const width = widths[at] ?? 0;
    const narrowed = Math.max(Math.min(width, Math.max(least, SQUEEZED_LEAST)), width - excess);
    const dropped = narrowed < Math.min(width, columns[at]?.least ?? 0);
    widths[at] = dropped ? 0 : narrowed;
    excess -= dropped ? width + GAP : width - narrowed;
  }
  return dropColumns(widths, room);
}

/** Where even the least widths do not fit, columns at the end are left out. */
function dropColumns(widths: readonly number[], room: number): number[] {
  const kept: number[] = [];
  let left = room;
  for (const width of widths) {
    if (left <= 0) break;
    kept.push(Math.min(width, left));
    if (width > 0) left -= width + GAP;
  }
  return kept;
}

function heading(columns: readonly OutlineColumn[], widths: readonly number[], theme: Theme): string {
  const shown = widths.flatMap((width, at) => (width > 0 ? [{ width, at }] : []));
  const cells = shown.map(({ width, at }) =>
    paddedCell(columns[at]?.header ?? '', width, columns[at]?.align ?? 'left'),
  );
  return paint(theme, 'strong', `  ${cells.join(' '.repeat(GAP))}`);
}

function emptyText(content: OutlineContent, state: OutlineState): string {
  if (state.filter === undefined) return content.empty;
  return state.filter.matches?.done === true ? `nothing matches ${state.filter.pattern}` : 'looking';
}

function fill(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - textWidth(text)));
}
