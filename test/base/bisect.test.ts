import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bisect, bisectList } from '../../src/base/bisect.js';

test('gives how many items of a sorted list a test holds for, as counting does', () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.integer(), (numbers, bound) => {
      const sorted = numbers.sort((a, b) => a - b);
      const below = sorted.filter((number) => number < bound).length;
      expect(bisectList(sorted, (number) => number < bound)).toBe(below);
      expect(bisect(sorted.length, (index) => (sorted[index] ?? 0) < bound)).toBe(below);
    }),
  );
});

test('asks a logarithm of the length, of indexes beyond 2^31 too', () => {
  let asked = 0;
  const length = 2 ** 40;
  const found = bisect(length, (index) => {
    asked += 1;
    return index < 2 ** 39 + 7;
  });
  expect(found).toBe(2 ** 39 + 7);
  expect(asked).toBeLessThanOrEqual(41);
});
