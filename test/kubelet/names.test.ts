import fc from 'fast-check';
import { expect, test } from 'vitest';
import { UsageError } from '../../src/base/errors.js';
import { parseTarget } from '../../src/kubelet/names.js';

test('a pod, and a container of it', () => {
  expect(parseTarget('prod/payments-node-a')).toEqual({ namespace: 'prod', pod: 'payments-node-a' });
  const target = { namespace: 'prod', pod: 'web-0.example', container: 'api' };
  expect(parseTarget('prod/web-0.example/api')).toEqual(target);
});

test.each([
  ['no pod', 'prod'],
  ['four names', 'a/b/c/d'],
  ['a path', '../../etc/passwd'],
  ['dots alone', 'prod/../c'],
  ['capitals', 'Prod/API/x'],
  ['a query', 'prod/pod/c?timeout=1'],
  ['an encoded slash', 'prod/pod/c%2f..'],
  ['an empty container', 'prod/pod/'],
  ['a name that is too long', `prod/${'a'.repeat(254)}`],
  ['a control character', 'prod/pod\n/c'],
])('a target that is none: %s', (_, target) => {
  expect(() => parseTarget(target)).toThrow(UsageError);
});

test('whatever is a target is its own path: nothing of it would be encoded', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'ab-./%A?#') }), (text) => {
      try {
        const { namespace, pod, container } = parseTarget(text);
        const parts = [namespace, pod, container].filter((part) => part !== undefined);
        expect(parts.map(encodeURIComponent).join('/')).toBe(text);
      } catch (error) {
        expect(error).toBeInstanceOf(UsageError);
      }
    }),
    { numRuns: 500 },
  );
});
