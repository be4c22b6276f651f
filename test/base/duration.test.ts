import { expect, test } from 'vitest';
import { parseDuration } from '../../src/base/duration.js';
import { UsageError } from '../../src/base/errors.js';

test.each([
  ['90', 90_000],
  ['90s', 90_000],
  ['2m', 120_000],
  ['1m30s', 90_000],
  ['1.5h', 5_400_000],
  ['250ms', 250],
  ['0.5', 500],
])('%s is %d ms', (text, milliseconds) => {
  expect(parseDuration(text, '--timeout')).toBe(milliseconds);
});

test.each(['', '0', '-5', 'abc', '5x', '5 s', '1e3', 'NaN', '9'.repeat(40), '9'.repeat(30)])(
  '%j is none',
  (text) => {
    expect(() => parseDuration(text, '--timeout')).toThrow(UsageError);
  },
);
