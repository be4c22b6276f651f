/** What a terminal draws over the character before it: combining marks, and the later letters of a Hangul syllable. */
const ZERO = /^[\p{Mn}\p{Me}\u1160-\u11ff\ud7b0-\ud7ff]$/u;

/** What takes two cells: East Asian Wide and Fullwidth (Unicode TR 11, by block), and emoji drawn as pictures. */
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18dff}\u{1aff0}-\u{1b2ff}\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}\p{Emoji_Presentation}]$/u;

const ASCII = /^[ -~]*$/;

/** The number of terminal cells that one code point takes. */
export function characterWidth(character: string): 0 | 1 | 2 {
  if (character <= '~') return 1;
  if (ZERO.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** The number of terminal cells that text takes; it must hold no control characters (see `escapeText`). */
export function textWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** Text cut to at most `width` cells; what was cut off shows as `…`. */
export function truncate(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  if (width < 1) return '';
  let used = 0;
  let kept = '';
  for (const character of text) {
    const cells = characterWidth(character);
    if (used + cells > width - 1) break;
    used += cells;
    kept += character;
  }
  return `${kept}…`;
}

/** Text of which at most the last `width` cells stay; what was cut off shows as `…`. */
export function truncateStart(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  if (width < 1) return '';
  let used = 0;
  let kept = '';
  for (const character of [...text].reverse()) {
    const cells = characterWidth(character);
    if (used + cells > width - 1) break;
    used += cells;
    kept = character + kept;
  }
  return `…${kept}`;
}

/** Text filled up with spaces to `width` cells. */
export function pad(text: string, width: number, align: 'left' | 'right'): string {
  const spaces = ' '.repeat(Math.max(0, width - textWidth(text)));
  return align === 'right' ? spaces + text : text + spaces;
}
