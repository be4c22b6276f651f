import { FormatError } from './errors.js';

/** What JSON text stands for. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** What JSON may hold, whatever its size. */
export interface JsonLimits {
  /** Lists and objects within each other. */
  readonly depth: number;
  /** Values of all kinds together: a few bytes of text stand for each, and some hundred in memory. */
  readonly values: number;
}

/** Far more than what engines, kubelets and coldcase write into files of this size. */
export const JSON_LIMITS: JsonLimits = { depth: 256, values: 200_000 };

/**
 * Parses JSON text, once it is known how much it stands for: 9 MB of `[` take 700 MB before V8 finds out that they are
 * no JSON.
 *
 * @param where - what it was read from, for errors
 * @throws FormatError naming the place when it is none, or holds more than the limits say
 */
export function parseJson(where: string, text: string, limits: JsonLimits = JSON_LIMITS): JsonValue {
  requireLimits(where, text, limits);
  try {
    const value: JsonValue = JSON.parse(text);
    return value;
  } catch (cause) {
    // V8's message quotes the text: it may hold a secret, so it stays in the cause alone
    throw new FormatError(where, undefined, 'not JSON', { cause });
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

function requireLimits(where: string, text: string, limits: JsonLimits): void {
  const fail = (at: number, problem: string): FormatError =>
    new FormatError(where, Buffer.byteLength(text.slice(0, at)), problem);
  let depth = 0;
  let values = 1;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at);
        break;
      case 0x5b: // [
      case 0x7b: // {
        depth += 1;
        values += 1;
        if (depth > limits.depth) throw fail(at, `JSON that nests deeper than ${limits.depth}`);
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth -= 1;
        break;
      case 0x2c: // ,
        values += 1;
        break;
      default:
    }
    if (values > limits.values) throw fail(at, `JSON of more than ${limits.values} values`);
  }
}

/** Where the string that begins at a quote ends: at a quote that is not escaped, or with the text. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at += 1;
    else if (code === QUOTE) return at;
  }
  return text.length;
}
