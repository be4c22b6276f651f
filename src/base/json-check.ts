import { FormatError } from './errors.js';
import { encodeText } from './text.js';

/** What JSON text may hold. */
export interface JsonLimits {
  readonly bytes: number;
  /** Lists and objects within each other. */
  readonly depth: number;
  /** Values of all kinds together: a few bytes of text stand for each, and some hundred in memory. */
  readonly values: number;
}

/**
 * Checks that text is JSON as RFC 8259 has it, and how much it stands for, and builds nothing of it.
 *
 * @param where - what it was read from, for errors
 * @throws FormatError naming the byte that does not fit, or is one too many; without quoting it
 */
export function checkJson(where: string, text: string, limits: JsonLimits): void {
  if (isLonger(text, limits.bytes)) {
    throw new FormatError(where, undefined, `JSON of more than ${limits.bytes} bytes`);
  }
  try {
    walk(text, limits);
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
    throw new FormatError(where, encodeText(text.slice(0, error.at)).length, error.message);
  }
}

/** Whether text takes more bytes; they are counted only where it might: a UTF-16 unit takes one to three. */
function isLonger(text: string, bytes: number): boolean {
  return text.length > bytes || (text.length * 3 > bytes && encodeText(text).length > bytes);
}

/** Where text stops being JSON, in UTF-16 units. */
class Misfit extends Error {
  readonly at: number;

  constructor(at: number, problem: string) {
    super(problem);
    this.at = at;
  }
}

const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
/** From an opening bracket's code to that of the one which closes it, square and curly ones alike. */
const TO_CLOSING = 2;

function walk(text: string, limits: JsonLimits): void {
  /** The brackets that will close what is open, and the one of the innermost. */
  const open: number[] = [];
  let closing: number | undefined;
  let values = 0;
  let at = 0;
  for (;;) {
    // here stands a value
    at = skipSpace(text, at);
    const code = text.charCodeAt(at);
    values += 1;
    if (values > limits.values) throw new Misfit(at, `JSON of more than ${limits.values} values`);
    if (code === OPEN_LIST || code === OPEN_OBJECT) {
      if (open.length === limits.depth) throw new Misfit(at, `JSON that nests deeper than ${limits.depth}`);
      closing = code + TO_CLOSING;
      open.push(closing);
      at = skipSpace(text, at + 1);
      if (text.charCodeAt(at) !== closing) {
        if (code === OPEN_OBJECT) at = skipKey(text, at);
        continue;
      }
    } else at = code === QUOTE ? skipString(text, at) : skipWord(text, at);
    // and here what may follow one
    for (;;) {
      at = skipSpace(text, at);
      if (closing === undefined) {
        if (at < text.length) throw new Misfit(at, 'not JSON: more behind its end');
        return;
      }
      const follows = text.charCodeAt(at);
      if (follows === COMMA) {
        at = closing === CLOSE_OBJECT ? skipKey(text, skipSpace(text, at + 1)) : at + 1;
        break;
      }
      if (follows !== closing)
        throw new Misfit(at, 'not JSON: neither a comma nor the bracket that closes what is open');
      open.pop();
      closing = open[open.length - 1];
      at += 1;
    }
  }
}

function skipSpace(text: string, start: number): number {
  let at = start;
  for (; ; at += 1) {
    const code = text.charCodeAt(at);
    if (code > SPACE || !(code === SPACE || code === 0x0a || code === 0x0d || code === 0x09)) return at;
  }
}

/** A key and the colon behind it. */
function skipKey(text: string, start: number): number {
  if (text.charCodeAt(start) !== QUOTE) throw new Misfit(start, 'not JSON: no key where one should be');
  const end = skipSpace(text, skipString(text, start));
  if (text.charCodeAt(end) !== COLON) throw new Misfit(end, 'not JSON: no colon behind a key');
  return end + 1;
}

function skipString(text: string, start: number): number {
  for (let at = start + 1; ; ) {
    const code = text.charCodeAt(at);
    if (code > BACKSLASH || (code > QUOTE && code < BACKSLASH)) at += 1;
    else if (code === QUOTE) return at + 1;
    else if (code === BACKSLASH) at = skipMatch(ESCAPE, text, at, 'an escape that there is not');
    else if (code >= SPACE) at += 1;
    else throw new Misfit(at, `not JSON: a string that ${code < SPACE ? 'holds a control' : 'does not end'}`);
  }
}

const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const WORD = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null/y;

/** A number, `true`, `false` or `null`; most are whole numbers, which take no regular expression. */
function skipWord(text: string, start: number): number {
  let at = start;
  let code = text.charCodeAt(at);
  while (code >= ZERO && code <= NINE) {
    at += 1;
    code = text.charCodeAt(at);
  }
  const plain = at - start === 1 || (at > start && text.charCodeAt(start) !== ZERO);
  if (plain && (code === COMMA || code === CLOSE_LIST || code === CLOSE_OBJECT)) return at;
  return skipMatch(WORD, text, start, 'no value where one should be');
}

function skipMatch(pattern: RegExp, text: string, start: number, missing: string): number {
  pattern.lastIndex = start;
  if (!pattern.test(text)) throw new Misfit(start, `not JSON: ${missing}`);
  return pattern.lastIndex;
}
