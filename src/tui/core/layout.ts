import type { Content, PageSpec, Size } from './state.js';

export const LEAST: Size = { columns: 60, rows: 15 };
/** From this width on a page shows, beside it, where Enter would lead. */
const SIDE_FROM = 110;
const SIDE_LEAST = 56;
const STATUS_ROWS = 1;

export interface Layout {
  readonly tooSmall: boolean;
  /** Rows between the title (and the tabs, where a page has several) and the status line. */
  readonly rows: number;
  readonly main: number;
  /** Width of what stands beside the page; 0 if nothing does. A line of one cell is between them. */
  readonly side: number;
}

export function layoutOf(size: Size, page: PageSpec): Layout {
  const tooSmall = size.columns < LEAST.columns || size.rows < LEAST.rows;
  const rows = Math.max(1, size.rows - headRows(page) - STATUS_ROWS);
  if (page.side !== true || size.columns < SIDE_FROM) {
    return { tooSmall, rows, main: size.columns, side: 0 };
  }
  const side = Math.max(SIDE_LEAST, Math.floor(size.columns * 0.52));
  return { tooSmall, rows, main: size.columns - side - 1, side };
}

/** Rows above the body: the screens, the title, and the tabs of a page that has several. */
export function headRows(page: PageSpec): number {
  return page.tabs.length > 1 ? 3 : 2;
}

/** Rows of a pane that scroll: without the headings and the notes above them. */
export function paneHeight(content: Content, rows: number): number {
  return Math.max(1, rows - paneHead(content));
}

/** Lines above a pane's rows. */
export function paneHead(content: Content): number {
  if (content.kind === 'hex') return 1;
  return (hasHeaders(content) ? 1 : 0) + (content.note === undefined ? 0 : 1);
}

function hasHeaders(content: Extract<Content, { kind: 'outline' }>): boolean {
  return content.columns.some(({ header }) => header !== '');
}
