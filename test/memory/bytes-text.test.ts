import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bareText, bytesText } from '../../src/memory/bytes-text.js';

test('valid UTF-8 is itself, anything else is numbered', () => {
  expect(bytesText(Buffer.from('aé€😀\\\n'))).toBe('aé€😀\\\\\\x0a');
  expect(bytesText(Uint8Array.of(0x41, 0xff, 0xc0, 0x80, 0xed, 0xa0, 0x80, 0xe2, 0x82))).toBe(
    'A\\xff\\xc0\\x80\\xed\\xa0\\x80\\xe2\\x82',
  );
});

test('any bytes can be had back from the text', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 30 }), (bytes) => {
      const parts = [...bytesText(bytes).matchAll(/\\x([0-9a-f]{2})|\\\\|[^\\]/gsu)].map(([all, hex]) =>
        hex !== undefined ? Buffer.from(hex, 'hex') : Buffer.from(all === '\\\\' ? '\\' : all),
      );
      expect(Buffer.concat(parts).equals(Buffer.from(bytes))).toBe(true);
    }),
  );
});

test('for a renderer the characters are bare again, and bytes that are no UTF-8 stay apart', () => {
  expect(bareText(bytesText(Buffer.from('a\\é\n\xff', 'latin1')))).toBe('a\\\udce9\n\udcff');
});
