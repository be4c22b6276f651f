import { escapeText } from './escape.js';
import { type Column, cellText, type Row } from './table.js';
import { pad, textWidth, truncate, truncateStart } from './width.js';

export interface TextTableOptions {
  /**
   * Cells in a line: columns that may be squeezed are, until the table fits; where that is not enough, each row is
   * drawn as a record, one field a line. Default: no limit.
   */
  readonly width?: number | undefined;
  /** Whether columns marked `wide` are shown. */
  readonly wide?: boolean | undefined;
  /** Whether headings and alerts are drawn with terminal attributes. */
  readonly color?: boolean | undefined;
}

/** Between columns; narrow terminals get by with one cell, which spares a cell of every column's text. */
const GAP = '  ';
const NARROW_GAP = ' ';
const SQUEEZED_MIN = 8;
const BOLD = '\u001b[1m';
const ALERT = '\u001b[31m';
const RESET = '\u001b[0m';

/** Rows as aligned text with a line of headings; every cell escaped, no line longer than it must be. */
export function renderTextTable<R extends Row>(
  columns: readonly Column<R>[],
  rows: readonly R[],
  options: TextTableOptions = {},
): string {
  const shown = columns.filter((column) => options.wide === true || column.wide !== true);
  const cells = rows.map((row) => shown.map((column) => escapeText(cellText(column, row))));
  const widths = shown.map((column, at) =>
    cells.reduce((widest, line) => Math.max(widest, textWidth(line[at] ?? '')), textWidth(column.header)),
  );
  const heading = (text: string): string => (options.color === true ? `${BOLD}${text}${RESET}` : text);
  const paint = (text: string, index: number, at: number): string => {
    const row = rows[index];
    const alert = options.color === true && row !== undefined && shown[at]?.alert?.(row) === true;
    return alert ? `${ALERT}${text}${RESET}` : text;
  };
  const headers = shown.map((column) => column.header);
  const gap = options.width !== undefined && lineWidth(widths, GAP) > options.width ? NARROW_GAP : GAP;
  if (options.width !== undefined && !squeeze(shown, widths, gap, options.width) && cells.length > 0) {
    return renderRecords(headers, cells, paint, heading);
  }

  const line = (texts: readonly string[], paintCell: (text: string, at: number) => string): string => {
    const parts = texts.map((text, at) => {
      const cut = shown[at]?.keep === 'end' ? truncateStart : truncate;
      const fitted = cut(text, widths[at] ?? 0);
      const filled = pad(fitted, widths[at] ?? 0, shown[at]?.align ?? 'left');
      return paintCell(at === texts.length - 1 ? filled.trimEnd() : filled, at);
    });
    return parts.join(gap).trimEnd();
  };
  const body = cells.map((texts, index) => line(texts, (text, at) => paint(text, index, at)));
  return `${[line(headers, heading), ...body].join('\n')}\n`;
}

/**
 * Narrows columns until the line fits, or none may give way any more: always the widest of those that may, so that
 * none is cut to nothing beside another that has room; between equals, the one with the higher `squeeze`.
 *
 * @returns whether the line fits
 */
function squeeze<R extends Row>(
  columns: readonly Column<R>[],
  widths: number[],
  gap: string,
  limit: number,
): boolean {
  const giving = columns
    .map((column, at) => ({ at, rank: column.squeeze ?? 0, least: leastWidth(column) }))
    .filter(({ rank }) => rank > 0)
    .sort((a, b) => b.rank - a.rank);
  // Whatever is wider than the whole line has to give that much in any case.
  for (const { at, least } of giving) widths[at] = Math.min(widths[at] ?? 0, Math.max(limit, least));
  let excess = lineWidth(widths, gap) - limit;
  for (; excess > 0; excess -= 1) {
    let widest: number | undefined;
    for (const { at, least } of giving) {
      const width = widths[at] ?? 0;
      if (width > least && width > (widest === undefined ? 0 : (widths[widest] ?? 0))) widest = at;
    }
    if (widest === undefined) return false;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return true;
}

function lineWidth(widths: readonly number[], gap: string): number {
  return widths.reduce((sum, width) => sum + width, 0) + gap.length * (widths.length - 1);
}

function leastWidth<R extends Row>(column: Column<R>): number {
  return Math.max(textWidth(column.header), SQUEEZED_MIN);
}

/** Rows one field a line, for terminals that no line of the table fits on; what psql calls expanded. */
function renderRecords(
  headers: readonly string[],
  cells: readonly (readonly string[])[],
  paint: (text: string, index: number, at: number) => string,
  heading: (text: string) => string,
): string {
  const width = Math.max(...headers.map(textWidth));
  const records = cells.map((texts, index) =>
    texts
      .map((text, at) => {
        const header = headers[at] ?? '';
        return text === ''
          ? heading(header)
          : `${heading(pad(header, width, 'left'))}${GAP}${paint(text, index, at)}`;
      })
      .join('\n'),
  );
  return `${records.join('\n\n')}\n`;
}
