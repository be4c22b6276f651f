import { expect, it } from 'vitest';
import { parseGoto } from '../../../src/tui/core/place.js';
import { filterNow, textMatcher } from '../../../src/tui/core/walk.js';
import { branch, leaf } from '../../../src/tui/screens/items.js';

const NAMES = ['etc/a\udcfe', 'etc/a\udcff', 'etc/b\\xff', 'etc/plain'];

it('goes to an entry by the name that is on the screen', () => {
  const subject = (text: string): unknown => {
    const found = parseGoto(text, undefined, NAMES);
    return 'place' in found ? found.place.subject : found.problem;
  };
  expect(subject('etc/a\\xff')).toBe('etc/a\udcff');
  expect(subject('a\\xfe')).toBe('etc/a\udcfe');
  expect(subject('etc/b\\xff')).toBe('etc/b\\xff');
  expect(subject('etc/b\\\\xff')).toBe('etc/b\\xff');
  expect(subject('a\\xfd')).toMatch('no screen');
});

it('filters by what is on the screen', () => {
  const root = branch(
    [],
    NAMES.map((name) => leaf([name])),
  );
  expect(filterNow(root, 'a\\xff')?.paths).toEqual([[1]]);
  expect(filterNow(root, '\\xff')?.paths).toEqual([[1], [2]]);
  expect(filterNow(root, 'a\\')?.paths).toEqual([]);
  expect(textMatcher('\\x1b')('\u001b[31m')).toBe(true);
});
