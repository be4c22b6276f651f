import { textWidth } from './width.js';

/**
 * Breaks text at spaces into lines of at most `width` cells, `least` at the narrowest; longer words are broken too.
 * The text is already escaped.
 */
export function wrapText(text: string, width: number, least: number): readonly string[] {
  const limit = Math.max(width, least);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    let rest = word;
    if (line !== '' && textWidth(line) + 1 + textWidth(rest) <= limit) {
      line += ` ${rest}`;
      continue;
    }
    if (line !== '') lines.push(line);
    while (textWidth(rest) > limit) {
      const piece = [...rest].slice(0, limit).join('');
      lines.push(piece);
      rest = [...rest].slice(limit).join('');
    }
    line = rest;
  }
  lines.push(line);
  return lines;
}
