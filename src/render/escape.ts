import { portableJson } from '../base/spelling.js';
import { isByte } from '../base/text.js';

/**
 * Everything that can move a cursor, change a terminal's state, reorder, hide or fake text: controls (C0, DEL,
 * C1), format characters (bidirectional overrides and isolates, zero-width ones, tags, the byte order mark), line
 * and paragraph separators, whatever else is drawn as nothing, spaces other than the plain one, and surrogates
 * without a partner.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]|(?! )\p{Zs}/gu;

/** What is not ASCII that stays as it is: most text has none of it, and is told from the rest ten times as fast. */
const UNPLAIN = /[^ -[\]-~]/;

const SHORT: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/**
 * Makes untrusted text safe for a terminal, a table or a log line, on one line, reversibly: `\n`, `\r`, `\t`,
 * `\x1b`, `\u202e`, `\u{e0041}`, and `\xff` for a byte that is no UTF-8; a backslash becomes `\\` so that escapes
 * cannot be forged. `readEscapes` reads it.
 */
export function escapeText(text: string): string {
  if (!UNPLAIN.test(text)) return text;
  return text.replaceAll('\\', '\\\\').replace(UNSAFE, escapeCharacter);
}

function escapeCharacter(character: string): string {
  const short = SHORT[character];
  if (short !== undefined) return short;
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80 || isByte(code)) return `\\x${(code & 0xff).toString(16).padStart(2, '0')}`;
  if (code < 0x10000) return `\\u${code.toString(16).padStart(4, '0')}`;
  return `\\u{${code.toString(16)}}`;
}

/**
 * JSON text with nothing in it that a terminal would act on: what `JSON.stringify` leaves bare (C1 controls, DEL,
 * bidirectional and invisible characters) is written as `\uXXXX`, so it parses to the same value. Bytes that are no
 * UTF-8 are written as `portableText` does.
 */
export function escapeJson(json: string): string {
  return portableJson(json).replace(UNSAFE, (character) => {
    if (character === '\n') return character; // the indentation of pretty-printed JSON; inside strings it is \n
    let out = '';
    for (let i = 0; i < character.length; i += 1) {
      out += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
    }
    return out;
  });
}
