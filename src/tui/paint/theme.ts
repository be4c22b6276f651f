import { escapeText } from '../../render/escape.js';
import { characterWidth, pad, textWidth, truncate } from '../../render/width.js';
import type { Tone } from '../core/outline.js';

/** What a terminal can show. */
export interface Theme {
  readonly color: boolean;
  readonly glyphs: Glyphs;
}

export interface Glyphs {
  /** Whether every character can be shown; where not, what we draw with is put in ASCII by `inAscii`. */
  readonly all: boolean;
  readonly open: string;
  readonly closed: string;
  readonly bar: string;
  readonly into: string;
}

const UNICODE: Glyphs = { all: true, open: '▾', closed: '▸', bar: '│', into: '›' };
const ASCII: Glyphs = { all: false, open: '-', closed: '+', bar: '|', into: '>' };

/**
 * Colours by meaning, from the terminal's own sixteen so that dark and light ones both read well: bold, faint and
 * the colours that stand out on either; yellow and white, which do not, are left out. SGR codes, on and off.
 */
const SGR: Readonly<Record<Exclude<Tone, 'plain'>, readonly [on: string, off: string]>> = {
  dim: ['2', '22'],
  strong: ['1', '22'],
  good: ['32', '39'],
  warn: ['35', '39'],
  bad: ['31', '39'],
  key: ['36', '39'],
  match: ['1;4', '22;24'],
};
const COLORED: ReadonlySet<Tone> = new Set(['good', 'warn', 'bad', 'key']);

/** The theme of a terminal by its environment: https://no-color.org, and the locale's character set. */
export function themeOf(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): Theme {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  const unicode = /utf-?8/i.test(locale) || (locale === '' && platform === 'darwin');
  return { color: (env['NO_COLOR'] ?? '') === '', glyphs: unicode ? UNICODE : ASCII };
}

const IN_ASCII: Readonly<Record<string, string>> = { '…': '~', '↑': '^', '↓': 'v', '←': '<', '→': '>' };

/** A frame with the signs of our own that a terminal without Unicode cannot show as others of the same width. */
export function inAscii(frame: string): string {
  return frame.replaceAll(/[…↑↓←→]/g, (sign) => IN_ASCII[sign] ?? sign);
}

/** Text in the colour of a meaning. The text must be safe already. */
export function paint(theme: Theme, tone: Tone | undefined, text: string): string {
  if (tone === undefined || tone === 'plain' || text === '') return text;
  if (!theme.color && COLORED.has(tone)) return text;
  const [on, off] = SGR[tone];
  return `\x1b[${on}m${text}\x1b[${off}m`;
}

/** Text with foreground and background exchanged: what the cursor is on. */
export function inverse(text: string): string {
  return text === '' ? '' : `\x1b[7m${text}\x1b[27m`;
}

/**
 * Raw text made safe and cut to a number of cells. Of text that is longer than could ever be shown only a
 * beginning is looked at, so a name of 64 KiB costs no more than one that fits.
 */
export function cell(raw: string, width: number): string {
  const limit = 4 * width + 16;
  const text = escapeText(raw.length > limit ? raw.slice(0, limit) : raw);
  return truncate(text, Math.max(0, width));
}

/** A cell filled up to its width. */
export function paddedCell(raw: string, width: number, align: 'left' | 'right' = 'left'): string {
  return pad(cell(raw, width), width, align);
}

/** The width that raw text would need, up to a limit. */
export function rawWidth(raw: string, limit: number): number {
  return Math.min(limit, textWidth(escapeText(raw.slice(0, limit + 1))));
}

/** Safe text without its first `left` cells, cut to `width`: a window that can be moved sideways. */
export function sideways(raw: string, left: number, width: number): string {
  const limit = 4 * (left + width) + 16;
  const text = escapeText(raw.length > limit ? raw.slice(0, limit) : raw);
  if (left === 0) return truncate(text, width);
  let skipped = 0;
  let at = 0;
  for (const character of text) {
    if (skipped >= left) break;
    skipped += characterWidth(character);
    at += character.length;
  }
  return truncate(text.slice(at), width);
}

/** Safe text with what matches a pattern marked. */
export function highlight(theme: Theme, text: string, pattern: string | undefined, tone?: Tone): string {
  const wanted = pattern === undefined ? '' : escapeText(pattern);
  if (wanted === '') return paint(theme, tone, text);
  const exact = wanted !== wanted.toLowerCase();
  const at = exact ? text.indexOf(wanted) : text.toLowerCase().indexOf(wanted);
  if (at < 0) return paint(theme, tone, text);
  const end = at + wanted.length;
  return (
    paint(theme, tone, text.slice(0, at)) +
    paint(theme, 'match', text.slice(at, end)) +
    paint(theme, tone, text.slice(end))
  );
}
