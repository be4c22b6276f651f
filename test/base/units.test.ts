import { expect, test } from 'vitest';
import { formatAddress, formatDuration, formatSize, formatTime } from '../../src/base/units.js';

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1 KiB'],
  [1536, '1.5 KiB'],
  [1024 ** 2 - 1, '1 MiB'],
  [1_089_051_136, '1.01 GiB'],
  [2n ** 50n, '1 PiB'],
])('formatSize(%s) is %s', (bytes, text) => {
  expect(formatSize(bytes)).toBe(text);
});

test.each([
  [240, '0.24 s'],
  [12_340, '12.3 s'],
  [59_990, '1 min 00 s'],
  [125_000, '2 min 05 s'],
  [3_780_000, '1 h 03 min'],
])('formatDuration(%s) is %s', (milliseconds, text) => {
  expect(formatDuration(milliseconds)).toBe(text);
});

test('times are UTC without fractions, addresses lower-case hex', () => {
  expect(formatTime(new Date('2026-11-23T16:25:48.123+08:00'))).toBe('2026-11-23T08:25:48Z');
  expect(formatAddress(0xffffffffff600000n)).toBe('0xffffffffff600000');
});
