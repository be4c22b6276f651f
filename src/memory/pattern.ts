import { FailedError, UsageError } from '../base/errors.js';
import { encodeText } from '../base/text.js';
import { EXPRESSION_TIME, TimeLimit, tooSlow } from '../base/time-limit.js';

/** What to look for, as the user put it. */
export interface PatternRequest {
  readonly text: string;
  /** `literal`: the text's UTF-8 bytes; `regex`: JavaScript syntax over bytes; `hex`: `48 8b ?? 05`. */
  readonly kind: 'literal' | 'regex' | 'hex';
  /** ASCII letters match either case. */
  readonly ignoreCase?: boolean;
  /** Literals: also as UTF-16LE. */
  readonly utf16?: boolean;
}

/**
 * A pattern ready to run, plain data so that it can be handed to a worker: byte strings to be found as they are
 * (latin1 text, a character per byte), or a regular expression over such text.
 */
export type Pattern =
  | { readonly kind: 'bytes'; readonly needles: readonly string[] }
  | { readonly kind: 'regex'; readonly source: string; readonly flags: string };

/** Longest literal and regular expression that is taken, in bytes. */
export const MAX_PATTERN = 4096;

/**
 * Turns a request into a pattern.
 *
 * Regular expressions see memory as one character per byte (latin1); their own text stands for its UTF-8 bytes.
 * `^` and `$` match at line breaks, `.` matches all but those.
 *
 * @throws UsageError for an empty, too long or malformed pattern
 */
export function compilePattern(request: PatternRequest): Pattern {
  const { text, kind } = request;
  if (text === '') throw new UsageError('the pattern is empty', { remedy: 'say what to search for' });
  if (encodeText(text).length > MAX_PATTERN) {
    throw new UsageError(`the pattern is longer than ${MAX_PATTERN} bytes`, {
      remedy: 'search for a part of it',
    });
  }
  if (request.utf16 === true && kind !== 'literal') {
    throw new UsageError(`--utf16 does not go with --${kind}`, {
      remedy: 'write the zero bytes into the pattern',
    });
  }
  if (kind === 'hex') return hexPattern(text);
  if (kind === 'regex') return regexPattern(text, request.ignoreCase === true);
  const needles = [encodeText(text).toString('latin1')];
  if (request.utf16 === true) needles.push(Buffer.from(text, 'utf16le').toString('latin1'));
  if (request.ignoreCase !== true || !/[a-z]/i.test(text)) return { kind: 'bytes', needles };
  // longest first, so that a text of both encodings is not cut short
  return { kind: 'regex', source: needles.map(eitherCase).reverse().join('|'), flags: 'g' };
}

function regexPattern(text: string, ignoreCase: boolean): Pattern {
  const source = encodeText(text).toString('latin1');
  const flags = ignoreCase ? 'gim' : 'gm';
  let empty = false;
  try {
    const regex = new RegExp(source, 'm');
    const ended = new TimeLimit(EXPRESSION_TIME).run(() => {
      empty = regex.test('');
    });
    if (!ended) throw tooSlow(text);
  } catch (error) {
    if (error instanceof FailedError) throw error;
    const reason = error instanceof Error ? error.message.replace(/^Invalid regular expression: /, '') : '';
    throw new UsageError(`the regular expression is invalid: ${reason}`, {
      remedy: 'the syntax is that of JavaScript; without --regex the text is searched for as it is',
      cause: error,
    });
  }
  if (empty) {
    throw new UsageError('the regular expression matches the empty string, so it is everywhere', {
      remedy: 'make at least one part of it mandatory (+ instead of *)',
    });
  }
  return { kind: 'regex', source, flags };
}

/** Bytes as two hex digits, `??` for any byte, `4?` and `?f` for half of one; spaces where one likes. */
function hexPattern(text: string): Pattern {
  const digits = text.replace(/\s+|0x/g, '');
  const pairs = digits.match(/../g) ?? [];
  if (digits.length === 0 || digits.length % 2 !== 0 || !/^[0-9a-f?]*$/i.test(digits)) {
    throw new UsageError('the hex pattern is invalid', {
      remedy: 'two hex digits for each byte, ? for any digit, such as "48 8b ?? 05"',
    });
  }
  if (pairs.every((pair) => pair === '??')) {
    throw new UsageError('the hex pattern matches everything', { remedy: 'name at least one byte' });
  }
  if (!digits.includes('?')) {
    return { kind: 'bytes', needles: [Buffer.from(digits, 'hex').toString('latin1')] };
  }
  return { kind: 'regex', source: pairs.map(hexClass).join(''), flags: 'g' };
}

function hexClass(pair: string): string {
  if (pair === '??') return '[^]';
  const [high = '', low = ''] = pair;
  if (low === '?') return `[\\x${high}0-\\x${high}f]`;
  if (high !== '?') return `\\x${pair}`;
  return `[${[...'0123456789abcdef'].map((digit) => `\\x${digit}${low}`).join('')}]`;
}

/** Literal bytes as a regular expression in which ASCII letters match either case, and nothing else folds. */
function eitherCase(needle: string): string {
  let source = '';
  for (const character of needle) {
    const lower = character.toLowerCase();
    if (/[a-z]/.test(lower)) source += `[${lower}${lower.toUpperCase()}]`;
    else source += `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  }
  return source;
}
