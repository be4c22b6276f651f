import { expect, test } from 'vitest';
import { UsageError } from '../../src/base/errors.js';
import { parseSize } from '../../src/base/size.js';

test('sizes as people type them are binary', () => {
  expect(parseSize('1', '--x')).toBe(1);
  expect(parseSize('4G', '--x')).toBe(4 * 2 ** 30);
  expect(parseSize('512MiB', '--x')).toBe(512 << 20);
  expect(parseSize('1.5Ki', '--x')).toBe(1536);
});

test.each(['', '0', '-1', 'G', '4 X', '1e9', '99999999999999999T'])('%j is no size', (text) => {
  expect(() => parseSize(text, '--x')).toThrow(UsageError);
});
