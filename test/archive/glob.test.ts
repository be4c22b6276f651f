import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { globMatcher } from '../../src/archive/glob.js';

/** What patterns mean, as a regular expression; right, but slow on names made for it. */
function byExpression(pattern: string): (name: string) => boolean {
  const bare = pattern.replace(/^(?:\.\/)+/, '').replace(/\/+$/, '');
  if (bare === '') return () => true;
  const source = bare.replace(/\*\*|[*?]|[\\^$.+()|[\]{}]/g, (special) => {
    if (special === '**') return '.*';
    if (special === '*') return '[^/]*';
    return special === '?' ? '[^/]' : `\\${special}`;
  });
  const expression = new RegExp(`^${source}(?:/.*)?$`, 'su');
  return (name) => expression.test(name);
}

test.each([
  ['etc/passwd', ['etc/passwd', 'etc/passwd/x'], ['etc/passwd2', 'etc', 'x/etc/passwd']],
  ['./etc/', ['etc', 'etc/a/b'], ['etcetera']],
  ['*.img', ['a.img', '.img', 'a.img/x'], ['a/b.img', 'aximg']],
  ['**.img', ['a.img', 'a/b.img'], ['a.imgx']],
  ['a?c', ['abc', 'a漢c', 'a😀c', 'abc/d'], ['a/c', 'ac', 'abbc']],
  ['a/**/b', ['a/x/b', 'a/x/y/b/z', 'a//b'], ['a/b']],
  ['***', ['', 'a', 'a/b'], []],
  ['', ['anything', ''], []],
  ['a[0-9]', ['a[0-9]'], ['a0']],
])('%j', (pattern, yes, no) => {
  for (const name of yes) expect(globMatcher(pattern)(name), name).toBe(true);
  for (const name of no) expect(globMatcher(pattern)(name), name).toBe(false);
});

test('any pattern matches what its regular expression does', () => {
  const letters = fc.constantFrom(
    'a',
    'b',
    '/',
    '.',
    '😀',
    '漢',
    '\ud800',
    '\ud83d',
    '\ude00',
    '\n',
    '$',
    '[',
    ']',
    '+',
    '\\',
  );
  const names = fc.array(letters, { maxLength: 12 }).map((parts) => parts.join(''));
  const patterns = fc
    .array(fc.oneof({ weight: 2, arbitrary: letters }, fc.constantFrom('*', '?', '**', '/')), {
      maxLength: 8,
    })
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(patterns, fc.array(names, { minLength: 1, maxLength: 20 }), (pattern, several) => {
      const matches = globMatcher(pattern);
      const wanted = byExpression(pattern);
      // one matcher for many names: it keeps nothing of those before
      for (const name of several) expect(matches(name), name).toBe(wanted(name));
    }),
    { numRuns: 3000 },
  );
});

describe('a name of 1 MiB is answered at once', () => {
  const MIB = 1 << 20;
  // tried one way after the other, the first would take days, and the last longer than there is time
  test.each([
    ['**secret**key', 'secret'.repeat(MIB / 6), false],
    ['**x*y', 'x'.repeat(MIB), false],
    [`**${'a*'.repeat(20)}b`, 'a'.repeat(MIB), false],
    [`${'**a'.repeat(20)}?b`, `${'a'.repeat(MIB)}b`, true],
    ['**/*/**/?', '/'.repeat(MIB), false],
    ['*', `${'/'.repeat(MIB)}x`, true],
  ])('%s', (pattern, name, wanted) => {
    expect(globMatcher(pattern)(name)).toBe(wanted);
  });
});
