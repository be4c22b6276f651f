import { expect, test } from 'vitest';
import { formatAge } from '../../../src/node/leftovers/words.js';

test.each([
  [0, '0.00 s ago'],
  [-700, '0.00 s ago'], // written to while it was looked at
  [90_000, '1 min 30 s ago'],
  [3 * 86_400_000, '3 days ago'],
  [-3_600_000, 'dated in the future'],
])('an age of %d ms: %s', (age, said) => {
  expect(formatAge(age, 'ago')).toBe(said);
});
