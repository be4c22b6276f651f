import { expect, test } from 'vitest';
import { readTimes } from '../../src/cli/connection-options.js';

test('the kubelet gets whole seconds, rounded up, and the client waits longer', () => {
  expect(readTimes('1500ms', undefined)).toEqual({ timeout: 2, requestTimeout: 62_000 });
  expect(readTimes('2m', '3s')).toEqual({ timeout: 120, requestTimeout: 3000 });
  expect(readTimes(undefined, undefined)).toEqual({ timeout: undefined, requestTimeout: 600_000 });
  expect(readTimes('9999h', undefined).requestTimeout).toBeLessThan(2 ** 31);
});
