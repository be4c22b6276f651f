import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError } from '../../src/base/errors.js';
import { parseJson } from '../../src/base/json.js';

const LIMITS = { depth: 4, values: 10 };
const parse = (text: string): unknown => parseJson('x.json', text, LIMITS);

/** How many values there are, and how deep lists and objects are in each other. */
function measure(value: unknown): { values: number; depth: number } {
  if (typeof value !== 'object' || value === null) return { values: 1, depth: 0 };
  const parts = Object.values(value).map(measure);
  return {
    values: 1 + parts.reduce((sum, { values }) => sum + values, 0),
    depth: 1 + Math.max(0, ...parts.map(({ depth }) => depth)),
  };
}

describe('JSON', () => {
  test('is what JSON.parse makes of it', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(0, 2), (text, indent) => {
        const laidOut = JSON.stringify(JSON.parse(text), null, indent);
        expect(parseJson('x.json', laidOut)).toEqual(JSON.parse(text));
      }),
    );
  });

  test('that holds more than it may is refused before it is parsed, and no other', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (text) => {
        const value: unknown = JSON.parse(text);
        const { values, depth } = measure(value);
        // text says how many commas there are, so an empty list may count for one more
        if (values <= 5 && depth <= 4) expect(parse(text)).toEqual(value);
        if (depth > 4 || values > 10) expect(() => parse(text)).toThrow(FormatError);
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ['[[[[[', 'x.json at offset 4: JSON that nests deeper than 4'],
    ['["\u00e4[[[[[\\"[[[",[[[[', 'x.json at offset 19: JSON that nests deeper than 4'],
    [`[${'0,'.repeat(20)}`, 'x.json at offset 18: JSON of more than 10 values'],
    ['{"a": ', 'x.json: not JSON'],
    ['"', 'x.json: not JSON'],
    ['"\\', 'x.json: not JSON'],
  ])('%s is refused with where and why', (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });

  test('what brackets, commas and quotes within strings are is text', () => {
    const value = { '[[[[[[': '],,,,,,,,,,,,,"[', b: '\\' };
    expect(parse(JSON.stringify(value))).toEqual(value);
  });
});
