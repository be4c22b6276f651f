import { escapeText } from './escape.js';
import { type Column, cellText, type Row } from './table.js';
import { pad, textWidth, truncate } from './width.js';

export interface TextTableOptions {
  /** Cells in a line: columns that may be squeezed are, until the table fits. Default: no limit. */
  readonly width?: number | undefined;
  /** Whether columns marked `wide` are shown. */
  readonly wide?: boolean | undefined;
  /** Whether headings and alerts are drawn with terminal attributes. */
  readonly color?: boolean | undefined;
}

const GAP = '  ';
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
  if (options.width !== undefined) squeeze(shown, widths, options.width);

  const line = (texts: readonly string[], paint: (text: string, at: number) => string): string => {
    const parts = texts.map((text, at) => {
      const fitted = truncate(text, widths[at] ?? 0);
      const filled = pad(fitted, widths[at] ?? 0, shown[at]?.align ?? 'left');
      return paint(at === texts.length - 1 ? filled.trimEnd() : filled, at);
    });
    return parts.join(GAP).trimEnd();
  };

  const heading = line(
    shown.map((column) => column.header),
    (text) => (options.color === true ? `${BOLD}${text}${RESET}` : text),
  );
  const body = cells.map((texts, index) =>
    line(texts, (text, at) => {
      const row = rows[index];
      const alert = options.color === true && row !== undefined && shown[at]?.alert?.(row) === true;
      return alert ? `${ALERT}${text}${RESET}` : text;
    }),
  );
  return `${[heading, ...body].join('\n')}\n`;
}

/** Narrows columns, those with the highest `squeeze` first, until the line fits or none may give way any more. */
function squeeze<R extends Row>(columns: readonly Column<R>[], widths: number[], limit: number): void {
  let excess = widths.reduce((sum, width) => sum + width, 0) + GAP.length * (widths.length - 1) - limit;
  const order = columns
    .map((column, at) => ({ at, rank: column.squeeze ?? 0, least: textWidth(column.header) }))
    .filter(({ rank }) => rank > 0)
    .sort((a, b) => b.rank - a.rank);
  for (const { at, least } of order) {
    if (excess <= 0) return;
    const width = widths[at] ?? 0;
    const narrowed = Math.max(Math.min(width, Math.max(least, SQUEEZED_MIN)), width - excess);
    widths[at] = narrowed;
    excess -= width - narrowed;
  }
}
