import { decodeText, encodeText } from './text.js';

/** A byte in {@link portableText}. */
const MARK = '\ufffd';

/**
 * A text as JSON has it, for readers that know no lone surrogates (jq, Go, Rust): a byte that is no UTF-8 is U+FFFD and
 * its two hex digits, `a\ufffdff`; where U+FFFD itself stands before two such digits, its own three bytes are written
 * so. Anything else stays as it is, and no two names become the same.
 */
export function portableText(text: string): string {
  if (text.isWellFormed() && !text.includes(MARK)) return text;
  return text.replace(/\p{Cs}|\ufffd(?=[0-9a-f]{2})/gu, markBytes);
}

/** The same for what `JSON.stringify` made, which writes lone surrogates as `\udcff`. */
export function portableJson(json: string): string {
  if (!json.includes('\\ud') && !json.includes(MARK)) return json;
  return json.replace(/\\(?:u(d[89a-f][0-9a-f]{2})|.)|\ufffd(?=[0-9a-f]{2})/g, (found, unit?: string) => {
    if (unit !== undefined) return markBytes(String.fromCharCode(Number.parseInt(unit, 16)));
    return found === MARK ? markBytes(found) : found;
  });
}

function markBytes(character: string): string {
  return Array.from(encodeText(character), (byte) => `${MARK}${byte.toString(16)}`).join('');
}

/** The text that {@link portableText} was given. */
export function readPortable(text: string): string {
  const marked = /\ufffd[0-9a-f]{2}/g;
  if (!marked.test(text)) return text;
  const surrogates = text.replace(marked, (byte) => {
    const code = Number.parseInt(byte.slice(1), 16);
    return String.fromCharCode(code < 0x80 ? code : 0xdc00 + code);
  });
  return decodeText(encodeText(surrogates));
}

/**
 * The text that was written with the escapes of a table: `\\`, `\n`, `\r`, `\t`, `\xff` (a byte), `\u202e` and
 * `\u{e0041}` (characters). Undefined when there is a backslash that begins none of them.
 */
export function readEscapes(text: string): string | undefined {
  let wrong = false;
  const plain = text.replace(ESCAPE, (found, byte?: string, unit?: string, point?: string) => {
    const code = Number.parseInt(byte ?? unit ?? point ?? '', 16);
    if (byte !== undefined) return String.fromCharCode(code < 0x80 ? code : 0xdc00 + code);
    if (code <= 0x10ffff) return String.fromCodePoint(code);
    const short = SHORT[found];
    if (short === undefined) wrong = true;
    return short ?? '';
  });
  return wrong ? undefined : decodeText(encodeText(plain));
}

const ESCAPE = /\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|u\{([0-9a-f]{1,6})\}|.|$)/gis;
const SHORT: Readonly<Record<string, string>> = { '\\\\': '\\', '\\n': '\n', '\\r': '\r', '\\t': '\t' };

/**
 * What a name on a command line may mean, the likeliest first: the name as it stands, the one that a table prints
 * so, the one that JSON has so. Where several exist it may mean any of them: a name may have a backslash in it, or U+FFFD.
 */
export function spellings(argument: string): readonly string[] {
  return [...new Set([argument, readEscapes(argument) ?? argument, readPortable(argument)])];
}
