import type { PatternRequest } from '../../memory/pattern.js';

/** What is typed to search bytes: text as it is, `re:` and a regular expression, or `hex:` and bytes. */
export function patternRequest(typed: string): PatternRequest {
  if (typed.startsWith('re:')) return { kind: 'regex', text: typed.slice(3) };
  if (typed.startsWith('hex:')) return { kind: 'hex', text: typed.slice(4) };
  return { kind: 'literal', text: typed };
}
