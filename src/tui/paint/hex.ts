import { formatAddress, formatSize } from '../../base/units.js';
import { type HexContent, type HexRow, type HexState, hexRows, regionAt } from '../core/hex.js';
import type { Tone } from '../core/outline.js';
import { selection } from '../core/pane-hex.js';
import type { PaneFrame } from './outline.js';
import { cell, inverse, paint, type Theme } from './theme.js';

/** The hex viewer as exactly `rows` lines: a line of what the cursor is on, then the rows. */
export function paintHex(content: HexContent, state: HexState, frame: PaneFrame): string[] {
  const { theme, columns } = frame;
  const rows = hexRows(content, state.perRow);
  const lines = [inspect(content, state, frame)];
  for (let at = state.top; lines.length < frame.rows; at += 1) {
    const row = rows.row(at);
    if (row === undefined) break;
    if (row.type === 'folded') {
      lines.push(foldedLine(state, row, frame));
    } else if (row.type === 'heading') {
      const { region } = row;
      lines.push(paint(theme, 'strong', cell(region.label, columns)));
    } else {
      lines.push(hexLine(content, state, row, frame));
    }
  }
  if (rows.total === 0) lines.push(paint(theme, 'dim', `  ${cell(content.empty, columns - 2)}`));
  while (lines.length < frame.rows) lines.push('');
  return lines;
}

/** Where the cursor is, for the status line. */
export function hexPosition(content: HexContent, state: HexState): string {
  const region = regionAt(content, state.cursor);
  const { from, to } = selection(state);
  const selected = state.anchor === undefined ? '' : `${formatSize(to - from)} selected, `;
  if (region === undefined) return selected + formatAddress(state.cursor);
  const share = Number(((state.cursor - region.start) * 100n) / (region.end - region.start));
  return `${selected}${formatAddress(state.cursor)} ${share}%`;
}

/** A run of addresses in one line: how many bytes, and why they are not shown. */
function foldedLine(state: HexState, row: Extract<HexRow, { type: 'folded' }>, frame: PaneFrame): string {
  const { region, why } = row;
  const here = frame.focused && region.start <= state.cursor && state.cursor < region.end;
  const address = region.start.toString(16).padStart(12, '0');
  const text = cell(`${formatSize(region.end - region.start)} ${why}`, frame.columns - 14);
  return paint(frame.theme, 'dim', `${address}${here ? '>' : ' '} `) + paint(frame.theme, 'dim', text);
}

type Row = Extract<HexRow, { type: 'bytes' }>;

function hexLine(content: HexContent, state: HexState, row: Row, frame: PaneFrame): string {
  const { theme } = frame;
  const address = paint(theme, 'dim', row.start.toString(16).padStart(12, '0'));
  const known = content.peek(row.from, Number(row.to - row.from));
  if (known.state !== 'here') {
    const text = known.state === 'loading' ? 'reading' : known.state === 'absent' ? known.why : known.problem;
    const mark = row.from <= state.cursor && state.cursor < row.to && frame.focused ? '>' : ' ';
    const tone = known.state === 'failed' ? 'bad' : 'dim';
    return `${address}${mark} ${paint(theme, tone, cell(text, frame.columns - 14))}`;
  }
  const skip = Number(row.from - row.start);
  const runs = new Runs(theme);
  const letters = new Runs(theme);
  for (let at = 0; at < state.perRow; at += 1) {
    const value = known.bytes[at - skip];
    const here = row.start + BigInt(at);
    const style = value === undefined ? 'none' : styleOf(state, here, value, frame.focused);
    const gap = at === 0 ? '' : at % 8 === 0 ? '  ' : ' ';
    // the gap belongs to a selection that goes on over it
    runs.gap(gap, style);
    runs.add(value === undefined ? '  ' : value.toString(16).padStart(2, '0'), style);
    letters.add(value === undefined ? ' ' : printable(value), style);
  }
  return `${address}  ${runs.end()}  ${letters.end()}`;
}

type Style = Tone | 'none' | 'cursor' | 'selected';

function styleOf(state: HexState, address: bigint, value: number, focused: boolean): Style {
  if (focused && address === state.cursor) return 'cursor';
  const { from, to } = selection(state);
  if (state.anchor !== undefined && from <= address && address < to) return 'selected';
  const { hit } = state;
  if (hit !== undefined && hit.address <= address && address < hit.address + BigInt(hit.length))
    return 'match';
  if (value === 0) return 'dim';
  return value >= 0x20 && value < 0x7f ? 'plain' : 'key';
}

/** Text in runs of one style each, so that a line holds few control sequences. */
class Runs {
  readonly #theme: Theme;
  #out = '';
  #run = '';
  #style: Style = 'none';

  constructor(theme: Theme) {
    this.#theme = theme;
  }

  gap(text: string, next: Style): void {
    const goesOn = next === this.#style && next !== 'cursor';
    if (goesOn) this.#run += text;
    else this.add(text, 'none');
  }

  add(text: string, style: Style): void {
    if (style !== this.#style) {
      this.#flush();
      this.#style = style;
    }
    this.#run += text;
  }

  end(): string {
    this.#flush();
    return this.#out;
  }

  #flush(): void {
    const style = this.#style;
    if (style === 'cursor' || style === 'selected') this.#out += inverse(this.#run);
    else this.#out += style === 'none' ? this.#run : paint(this.#theme, style, this.#run);
    this.#run = '';
  }
}

function printable(value: number): string {
  return value >= 0x20 && value < 0x7f ? String.fromCharCode(value) : '.';
}

/** What stands at the cursor, read as numbers (little-endian, as both of CRIU's first architectures are). */
function inspect(content: HexContent, state: HexState, frame: PaneFrame): string {
  const region = regionAt(content, state.cursor);
  const parts = [formatAddress(state.cursor)];
  if (region !== undefined) {
    const left = Number(region.end - state.cursor);
    const known = content.peek(state.cursor, Math.min(8, left));
    if (known.state === 'here') parts.push(...numbers(known.bytes));
  }
  return paint(frame.theme, 'dim', cell(parts.join('  '), frame.columns));
}

function numbers(bytes: Uint8Array): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values: string[] = [];
  if (bytes.length >= 1) values.push(`u8 ${view.getUint8(0)}`);
  if (bytes.length >= 2) values.push(`u16 ${view.getUint16(0, true)}`);
  if (bytes.length >= 4) values.push(`u32 ${view.getUint32(0, true)}`);
  if (bytes.length >= 8) values.push(`u64 ${formatAddress(view.getBigUint64(0, true))}`);
  return values;
}
