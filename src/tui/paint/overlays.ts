import { escapeText } from '../../render/escape.js';
import { characterWidth, pad, textWidth } from '../../render/width.js';
import { BINDINGS, type KeyBinding, keyName, PROMPT_BINDINGS } from '../core/keymap.js';
import { MOUSE_HELP } from '../core/mouse.js';
import type { Item, OutlineColumn } from '../core/outline.js';
import { SCREENS } from '../core/place.js';
import type { Bookmark } from '../core/state.js';
import { cell, inverse, paint, type Theme } from './theme.js';

/** The key table as lines; in a wide terminal in two columns. */
export function helpLines(columns: number, theme: Theme): string[] {
  const groups = ['Move', 'Look', 'Find', 'Keep', 'Other'] as const;
  const block = (group: KeyBinding['group'], width: number): string[] => [
    paint(theme, 'strong', pad(group, width, 'left')),
    ...(group === 'Look' ? [keyLine([`1-${SCREENS.length}`], 'the screens by their numbers', width)] : []),
    ...BINDINGS.filter((binding) => binding.group === group).map(({ keys, help }) =>
      keyLine(keys, help, width),
    ),
    pad('', width, 'left'),
  ];
  const typing = (width: number): string[] => [
    paint(theme, 'strong', pad('While typing', width, 'left')),
    ...PROMPT_BINDINGS.map(({ keys, help }) => keyLine(keys, help, width)),
  ];
  const mouse = (width: number): string[] => [
    paint(theme, 'strong', pad('Mouse', width, 'left')),
    ...MOUSE_HELP.map(([what, does]) => keyLine([what], does, width)),
  ];
  if (columns < 140) {
    const keys = groups.flatMap((group) => block(group, columns));
    return [...keys, ...typing(columns), pad('', columns, 'left'), ...mouse(columns)];
  }
  const half = Math.floor(columns / 2) - 1;
  const left = [...block('Move', half), ...block('Look', half), ...block('Other', half), ...mouse(half)];
  const right = [...block('Find', half), ...block('Keep', half), ...typing(half)];
  return Array.from({ length: Math.max(left.length, right.length) }, (_, at) => {
    const text = left[at] ?? '';
    return `${at < left.length ? text : ' '.repeat(half)}  ${right[at] ?? ''}`;
  });
}

function keyLine(keys: readonly string[], help: string, width: number): string {
  const names = pad(keys.map(keyName).join(' '), 12, 'left');
  return pad(cell(`  ${names} ${help}`, width), width, 'left');
}

/** No single field is unfolded further than this. */
const FIELD_LIMIT = 64 * 1024;

/** Every field of a row in full, each on as many lines as it needs. */
export function itemLines(
  item: Item,
  columns: readonly OutlineColumn[],
  width: number,
  theme: Theme,
): string[] {
  const facts = item.facts?.() ?? item.cells.map((text, at) => [columns[at]?.header ?? '', text] as const);
  const names = facts.map(([name]) => name);
  const label = Math.min(24, Math.max(0, ...names.map(textWidth)));
  const lines: string[] = [];
  facts.forEach(([fact, raw]) => {
    const text = escapeText(raw.slice(0, FIELD_LIMIT)) + (raw.length > FIELD_LIMIT ? '…' : '');
    const pieces = wrap(text, Math.max(8, width - label - 2));
    pieces.forEach((piece, row) => {
      const name = pad(row === 0 ? cell(fact, label) : '', label, 'left');
      lines.push(`${paint(theme, 'strong', name)}  ${piece}`);
    });
  });
  return lines;
}

/** The bookmarks as lines, two for each. */
export function bookmarkLines(
  bookmarks: readonly Bookmark[],
  cursor: number,
  width: number,
  theme: Theme,
): string[] {
  if (bookmarks.length === 0)
    return [paint(theme, 'dim', '  none yet: b makes one of what is under the cursor')];
  return bookmarks.flatMap(({ label, note, time }, at) => {
    const first = pad(cell(`${at === cursor ? '>' : ' '} ${label}`, width), width, 'left');
    const second = cell(`    ${note === '' ? '(no note)' : note}`, Math.max(8, width - time.length - 2));
    return [at === cursor ? inverse(first) : first, `${second}  ${paint(theme, 'dim', time)}`];
  });
}

/** Safe text in pieces of at most `width` cells. */
function wrap(text: string, width: number): string[] {
  const pieces: string[] = [];
  let piece = '';
  let used = 0;
  for (const character of text) {
    const cells = characterWidth(character);
    if (used + cells > width) {
      pieces.push(piece);
      piece = '';
      used = 0;
    }
    piece += character;
    used += cells;
  }
  return [...pieces, piece];
}
