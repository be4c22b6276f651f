import { expect, test } from 'vitest';
import { readTimes } from '../../src/cli/connection-options.js';

test('the kubelet gets whole seconds, rounded up; what is not given is left to be computed', () => {
  expect(readTimes('1500ms', undefined)).toEqual({ timeout: 2, requestTimeout: undefined });
  expect(readTimes('2m', '3s')).toEqual({ timeout: 120, requestTimeout: 3000 });
  expect(readTimes(undefined, undefined)).toEqual({ timeout: undefined, requestTimeout: undefined });
});
