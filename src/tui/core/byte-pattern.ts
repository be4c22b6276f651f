import type { PatternRequest } from '../../memory/pattern.js';

/** What can be switched on and off while a pattern for bytes is typed. */
export type PatternSwitch = 'any-case' | 'utf16' | 'regex' | 'hex';

/** What is switched on in a typed pattern, and the pattern itself. */
interface TypedPattern {
  readonly on: ReadonlySet<PatternSwitch>;
  readonly text: string;
}

/**
 * A prefix says how a pattern is meant: `re:` a regular expression, `hex:` bytes, `i:` any case, `u:` also as
 * UTF-16; `i` goes with `re` and `u`. `text:` is for text that begins like one of these.
 */
const PREFIX = /^(?:(text)|(hex)|(rei?)|(iu?|ui)|(u)):/;

/** What is typed to search bytes, as the search takes it. */
export function patternRequest(typed: string): PatternRequest {
  const { on, text } = readPattern(typed);
  const kind = on.has('regex') ? 'regex' : on.has('hex') ? 'hex' : 'literal';
  return { kind, text, ignoreCase: on.has('any-case'), utf16: on.has('utf16') };
}

/** What is switched on in a typed pattern. */
export function switchesOf(typed: string): ReadonlySet<PatternSwitch> {
  return readPattern(typed).on;
}

/** The typed pattern with one switch the other way; what does not go with it is switched off. */
export function toggleSwitch(typed: string, which: PatternSwitch): string {
  const { on, text } = readPattern(typed);
  const next = new Set(on);
  if (!next.delete(which)) {
    for (const other of EXCLUDES[which]) next.delete(other);
    next.add(which);
  }
  const prefix =
    (next.has('hex') ? 'hex' : '') +
    (next.has('regex') ? 're' : '') +
    (next.has('any-case') ? 'i' : '') +
    (next.has('utf16') ? 'u' : '');
  if (prefix !== '') return `${prefix}:${text}`;
  return PREFIX.test(text) ? `text:${text}` : text;
}

/** Bytes have no case and one encoding; an expression says itself which bytes it means. */
const EXCLUDES: Readonly<Record<PatternSwitch, readonly PatternSwitch[]>> = {
  'any-case': ['hex'],
  utf16: ['hex', 'regex'],
  regex: ['hex', 'utf16'],
  hex: ['any-case', 'utf16', 'regex'],
};

function readPattern(typed: string): TypedPattern {
  const prefix = PREFIX.exec(typed);
  const on = new Set<PatternSwitch>();
  if (prefix === null) return { on, text: typed };
  const name = prefix[0].slice(0, -1);
  if (name === 'hex') on.add('hex');
  else if (name.startsWith('re')) on.add('regex');
  if (name !== 'text' && name.endsWith('i')) on.add('any-case');
  if (name === 'iu' || name === 'ui') on.add('any-case');
  if (name !== 'text' && name.includes('u')) on.add('utf16');
  return { on, text: typed.slice(prefix[0].length) };
}
