import fc from 'fast-check';
import { expect, test } from 'vitest';
import { escapeJson, escapeText } from '../../src/render/escape.js';

/** What a terminal acts on, or does not draw. */
const ACTIVE = /[\p{Cc}\u200b-\u200f\u2028-\u202f\u2066-\u2069\ufeff]/u;

test('names what it escapes', () => {
  expect(escapeText('a\u001b[31mb\nc\u202ed\\x')).toBe('a\\x1b[31mb\\nc\\u202ed\\\\x');
  expect(escapeText('\ud800 \u{e0041} é 漢 🙂')).toBe('\\ud800 \\u{e0041} é 漢 🙂');
});

test('nothing that a terminal acts on is left, whatever the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(escapeText(text)).not.toMatch(ACTIVE);
    }),
  );
});

test('two texts never look the same once escaped', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
      expect(escapeText(a) === escapeText(b)).toBe(a === b);
    }),
  );
});

test('escaped JSON parses to the same value', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
      const json = escapeJson(JSON.stringify(value, null, 2));
      expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(json.replaceAll('\n', '')).not.toMatch(ACTIVE);
    }),
  );
});

test('a backslash alone is escaped too: what looks like an escape is one', () => {
  expect(escapeText('C:\\x1b')).toBe('C:\\\\x1b');
  expect(escapeText('plain [text] ~')).toBe('plain [text] ~');
});
