import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError } from '../../src/base/errors.js';
import { JSON_LIMITS, parseJson, plainJson, tryJson } from '../../src/base/json.js';
import { decodeText } from '../../src/base/text.js';

const LIMITS = { bytes: 1000, depth: 4, values: 10 };
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

function message(text: string): string {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof FormatError) return error.message;
    throw error;
  }
  return 'none';
}

/** JSON with a few characters that are not where they were. */
const nearlyJson = fc
  .tuple(
    fc.json({ maxDepth: 4 }),
    fc.constantFrom(0, 1, 2),
    fc.array(
      fc.tuple(
        fc.nat(200),
        fc.nat(3),
        fc.constantFrom(...'{}[]",:\\/ue0123.-+tfn \n\t\u0000\u00e9\ud800'.split(''), ''),
      ),
      { maxLength: 3 },
    ),
  )
  .map(([json, indent, edits]) => {
    let text = JSON.stringify(JSON.parse(json), null, indent);
    for (const [at, length, put] of edits) text = text.slice(0, at) + put + text.slice(at + length);
    return text;
  });

describe('JSON', () => {
  test('is what JSON.parse makes of it, and nothing else is', () => {
    let refused = 0;
    fc.assert(
      fc.property(nearlyJson, (text) => {
        let meant: unknown;
        try {
          meant = JSON.parse(text);
        } catch {
          refused += 1;
          expect(() => parseJson('x.json', text)).toThrow(FormatError);
          expect(tryJson(text)).toBe(undefined);
          return;
        }
        expect(parseJson('x.json', text)).toEqual(meant);
      }),
      { numRuns: 3000 },
    );
    expect(refused).toBeGreaterThan(300);
  });

  test('that holds more than it may is refused before it is parsed, and no other', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (text) => {
        const value: unknown = JSON.parse(text);
        const { values, depth } = measure(value);
        const fits = values <= 10 && depth <= 4 && Buffer.byteLength(text) <= 1000;
        if (fits) expect(parse(text)).toEqual(value);
        else expect(() => parse(text)).toThrow(FormatError);
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ['[[[[[', 'x.json at offset 4: JSON that nests deeper than 4'],
    ['["\u00e4[[[[[\\"[[[",[[[[', 'x.json at offset 19: JSON that nests deeper than 4'],
    [`[${'0,'.repeat(20)}`, 'x.json at offset 19: JSON of more than 10 values'],
    [`"${'\u20ac'.repeat(400)}"`, 'x.json: JSON of more than 1000 bytes'],
    ['', 'x.json at offset 0: not JSON: no value where one should be'],
    ['{"a": ', 'x.json at offset 6: not JSON: no value where one should be'],
    ['{"a" 1}', 'x.json at offset 5: not JSON: no colon behind a key'],
    ['{"a":1,}', 'x.json at offset 7: not JSON: no key where one should be'],
    ['[1 2]', 'x.json at offset 3: not JSON: neither a comma nor the bracket that closes what is open'],
    ['[1}', 'x.json at offset 2: not JSON: neither a comma nor the bracket that closes what is open'],
    ['[1] x', 'x.json at offset 4: not JSON: more behind its end'],
    ['"', 'x.json at offset 1: not JSON: a string that does not end'],
    ['"a\nb"', 'x.json at offset 2: not JSON: a string that holds a control'],
    ['"\\', 'x.json at offset 1: not JSON: an escape that there is not'],
    ['"\\ud8zz"', 'x.json at offset 1: not JSON: an escape that there is not'],
    [`[${decodeText(Uint8Array.of(0x22, 0xff, 0x22))},`, 'x.json at offset 5: not JSON: no value'],
  ])('%j is refused with where and why', (text, expected) => {
    expect(message(text)).toContain(expected);
  });

  test('an error quotes nothing of the text, in its cause neither', () => {
    const secret = 'AKIA-hunter2';
    for (const text of [`{"token": ${secret}`, `["${secret}`, `${secret}`, `{"${secret}" "${secret}"}`]) {
      const error = (() => {
        try {
          return parse(text);
        } catch (thrown) {
          return thrown;
        }
      })();
      expect(error).toBeInstanceOf(FormatError);
      expect(
        JSON.stringify([String(error), error instanceof Error ? (error.cause ?? null) : 0]),
      ).not.toContain('hunter2');
    }
  });

  test('what brackets, commas and quotes within strings are is text', () => {
    const value = { '[[[[[[': '],,,,,,,,,,,,,"[', b: '\\' };
    expect(parse(JSON.stringify(value))).toEqual(value);
  });

  test('is read by base/json.ts alone', () => {
    const src = fileURLToPath(new URL('../../src', import.meta.url));
    const readers = readdirSync(src, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.[cm]?tsx?$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((file) => readFileSync(file, 'utf8').includes('JSON.parse('));
    expect(readers).toEqual([join(src, 'base/json.ts')]);
  });
});

describe('what other notations give as JSON', () => {
  test('is the same value; fields called as what every object has are fields', () => {
    expect(plainJson('x', { a: [1, 'b', null, undefined, 2n], ['__proto__']: { x: true } })).toEqual(
      JSON.parse('{"a":[1,"b",null,null,"2"],"__proto__":{"x":true}}'),
    );
  });

  test.each([
    [
      'a circle',
      () => {
        const circle: unknown[] = [];
        circle.push(circle);
        return circle;
      },
      'nested more than 256 deep',
    ],
    [
      'a list of lists of the same lists',
      () => {
        let list: unknown[] = [0];
        for (let i = 0; i < 40; i += 1) list = [list, list];
        return list;
      },
      `more than ${JSON_LIMITS.values} values`,
    ],
    ['a date', () => ({ at: new Date(0) }), 'no form for'],
  ])('%s is refused', (_, make, expected) => {
    expect(() => plainJson('x', make())).toThrow(expected);
  });
});
