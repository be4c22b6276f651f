import { textWidth } from '../../render/width.js';
import { SCREENS, type ScreenName } from './place.js';
import type { PageSpec } from './state.js';

/** A piece of a line that can be clicked: its text, the cell it begins in, and what it stands for. */
export interface BarPiece<T> {
  readonly text: string;
  readonly from: number;
  readonly id: T;
  /** Whether this is what is shown. */
  readonly shown: boolean;
}

/** Between two tabs: titles are of several words, and colours may not be there to tell them apart. */
export const TAB_BORDER = '|';

/** The eight screens with their number keys; the shown one in brackets. Narrow terminals name only that one. */
export function screenPieces(screen: ScreenName, columns: number): BarPiece<ScreenName>[] {
  const names = SCREENS.map((name, at) => {
    const title = `${at + 1} ${name[0]?.toUpperCase()}${name.slice(1)}`;
    return name === screen ? `[${title}]` : title;
  });
  const whole = textWidth(names.join(' ')) <= columns;
  let from = 0;
  return SCREENS.map((id, at) => {
    const shown = id === screen;
    const text = whole || shown ? (names[at] ?? '') : String(at + 1);
    const piece = { text, from, id, shown };
    from += textWidth(text) + 1;
    return piece;
  });
}

/** The page's tabs; the shown one in brackets. Where they do not fit, those around it, and `<` or `>` for the others. */
export function tabPieces(page: PageSpec, tab: string, columns: number): BarPiece<string>[] {
  const texts = page.tabs.map(({ id, title }) => (id === tab ? `[${title}]` : ` ${title} `));
  const at = page.tabs.findIndex(({ id }) => id === tab);
  const after = at === texts.length - 1 ? 0 : 2;
  let first = 0;
  while (first < at) {
    const marks = (first > 0 ? 2 : 0) + after;
    if (textWidth(texts.slice(first, at + 1).join(TAB_BORDER)) + marks <= columns) break;
    first += 1;
  }
  const pieces: BarPiece<string>[] = [];
  let from = 0;
  const add = (text: string, of: number): void => {
    pieces.push({ text, from, id: page.tabs[of]?.id ?? tab, shown: of === at });
    from += textWidth(text) + 1;
  };
  if (first > 0) add('<', first - 1);
  for (let of = first; of < texts.length; of += 1) {
    const text = texts[of] ?? '';
    const last = of === texts.length - 1;
    if (from + textWidth(text) + (last ? 0 : 2) > columns) {
      add('>', of);
      break;
    }
    add(text, of);
  }
  return pieces;
}

/** What of a line is in a cell. */
export function pieceAt<T>(pieces: readonly BarPiece<T>[], column: number): BarPiece<T> | undefined {
  return pieces.find(({ text, from }) => from <= column && column < from + textWidth(text));
}
