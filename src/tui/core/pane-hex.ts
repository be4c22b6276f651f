import { bytesPerRow, type HexContent, type HexHit, type HexRows, type HexState, hexRows } from './hex.js';
import type { Command } from './keymap.js';

export function openHex(content: HexContent, columns: number): HexState {
  const cursor = content.regions[0]?.start ?? 0n;
  return { kind: 'hex', cursor, top: 0, perRow: bytesPerRow(columns) };
}

/** Puts the cursor on an address (or the nearest one there is), a third down the screen if it was out of sight. */
export function showAddress(content: HexContent, state: HexState, address: bigint, height: number): HexState {
  const rows = hexRows(content, state.perRow);
  const cursor = rows.clamp(address);
  const row = rows.rowOf(cursor);
  const visible = row >= state.top && row < state.top + height;
  const top = visible ? state.top : Math.max(0, Math.min(row - Math.floor(height / 3), rows.total - height));
  return { ...state, cursor, top };
}

/** The same place with rows of another length. */
export function resizeHex(content: HexContent, state: HexState, columns: number, height: number): HexState {
  const perRow = bytesPerRow(columns);
  const top = perRow === state.perRow ? state.top : -1;
  return showAddress(
    content,
    { ...state, perRow, top: top < 0 ? Number.MAX_SAFE_INTEGER : top },
    state.cursor,
    height,
  );
}

export function showHit(content: HexContent, state: HexState, hit: HexHit, height: number): HexState {
  return { ...showAddress(content, state, hit.address, height), hit, anchor: undefined };
}

/** The bytes that are selected, the end exclusive; the cursor's byte if nothing is. */
export function selection(state: HexState): { from: bigint; to: bigint } {
  const anchor = state.anchor ?? state.cursor;
  return anchor < state.cursor
    ? { from: anchor, to: state.cursor + 1n }
    : { from: state.cursor, to: anchor + 1n };
}

/** Scrolls without moving the cursor further than it must to stay in sight. */
export function scrollHex(content: HexContent, state: HexState, by: number, height: number): HexState {
  const rows = hexRows(content, state.perRow);
  const top = Math.max(0, Math.min(state.top + by, rows.total - height));
  const row = rows.rowOf(state.cursor);
  const wanted = Math.max(top, Math.min(row, top + height - 1));
  const cursor = wanted === row ? state.cursor : addressIn(rows, wanted, state.cursor);
  return { ...state, top, cursor };
}

/** Cells between the address, the bytes and the letters, as the viewer draws them. */
const HEX_GAP = 2;
/** Eight bytes of two digits, a cell between them, and two cells after them. */
const GROUP = 25;

/** Puts the cursor on what is in a row, counted from the top one, and a cell: a byte, or the letter for it. */
export function clickHex(content: HexContent, state: HexState, at: number, column: number): HexState {
  const row = hexRows(content, state.perRow).row(state.top + at);
  if (row === undefined) return state;
  if (row.type !== 'bytes') return { ...state, cursor: row.region.start };
  const bytes = Math.max(12, row.start.toString(16).length) + HEX_GAP;
  const letters = bytes + (state.perRow / 8) * GROUP;
  const within = Math.max(0, column - bytes);
  const index =
    column >= letters ? column - letters : Math.floor(within / GROUP) * 8 + Math.floor((within % GROUP) / 3);
  const wanted = row.start + BigInt(Math.min(index, state.perRow - 1));
  const cursor = wanted < row.from ? row.from : wanted >= row.to ? row.to - 1n : wanted;
  return { ...state, cursor };
}

/** The state after a command, or undefined if the command is none of the hex viewer's. */
export function reduceHex(
  content: HexContent,
  state: HexState,
  command: Command,
  height: number,
): HexState | undefined {
  const rows = hexRows(content, state.perRow);
  const byRows = (count: number): HexState => {
    const row = rows.rowOf(state.cursor);
    const target = Math.max(0, Math.min(row + count, rows.total - 1));
    return follow(rows, { ...state, cursor: addressIn(rows, target, state.cursor, count < 0) }, height);
  };
  const byBytes = (count: bigint): HexState =>
    follow(rows, { ...state, cursor: rows.step(state.cursor, count) }, height);
  switch (command) {
    case 'up':
      return byRows(-1);
    case 'down':
      return byRows(1);
    case 'left':
      return byBytes(-1n);
    case 'right':
      return byBytes(1n);
    case 'page-up':
      return byRows(-Math.max(1, height - 1));
    case 'page-down':
      return byRows(Math.max(1, height - 1));
    case 'half-up':
      return byRows(-Math.max(1, height >> 1));
    case 'half-down':
      return byRows(Math.max(1, height >> 1));
    case 'top':
      return { ...follow(rows, { ...state, cursor: rows.clamp(0n) }, height), top: 0 };
    case 'bottom':
      return follow(rows, { ...state, cursor: rows.clamp(1n << 64n) }, height);
    case 'select':
      return { ...state, anchor: state.anchor === undefined ? state.cursor : undefined };
    default:
      return undefined;
  }
}

function follow(rows: HexRows, state: HexState, height: number): HexState {
  const row = rows.rowOf(state.cursor);
  const top = Math.max(
    0,
    Math.min(Math.max(Math.min(state.top, row), row - height + 1), rows.total - height),
  );
  // a region's heading above its first row is worth showing
  return row === top && top > 0 && rows.row(row - 1)?.type === 'heading'
    ? { ...state, top: top - 1 }
    : { ...state, top };
}

/** The address in a row that stands under or over the cursor's; for a heading, in the row next to it. */
function addressIn(rows: HexRows, row: number, cursor: bigint, upwards = false): bigint {
  const found = rows.row(row);
  if (found === undefined) return cursor;
  if (found.type === 'folded') return found.region.start;
  if (found.type === 'heading') {
    const beside = rows.row(upwards && row > 0 ? row - 1 : row + 1);
    if (beside?.type === 'folded') return beside.region.start;
    return beside?.type === 'bytes' ? within(beside, cursor, rows.width) : found.region.start;
  }
  return within(found, cursor, rows.width);
}

function within(row: { start: bigint; from: bigint; to: bigint }, cursor: bigint, width: bigint): bigint {
  const wanted = row.start + (cursor % width);
  if (wanted < row.from) return row.from;
  return wanted >= row.to ? row.to - 1n : wanted;
}
