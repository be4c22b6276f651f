import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  checkpointTimeout,
  checkpointTimes,
  type DumpSize,
  parseConfigured,
} from '../../src/kubelet/checkpoint-times.js';

const all = (bytes: number): DumpSize => ({ bytes, complete: true });
const MIB = 1 << 20;
const NOTHING = { timeout: undefined, requestTimeout: undefined };

test('the timeout grows with the memory, has a wide margin, and is ten minutes where nobody knows', () => {
  expect(checkpointTimeout(undefined)).toBe(600);
  expect(checkpointTimeout(all(0))).toBe(300);
  // 704 MiB were seen to take 6.97 s
  expect(checkpointTimeout(all(704 * MIB))).toBe(360);
  expect(checkpointTimeout(all(8 * 1024 * MIB))).toBe(840);
  expect(checkpointTimeout(all(64 * 1024 * MIB))).toBe(4410);
  expect(checkpointTimeout(all(2 ** 60))).toBe(86_400);
  // what is not all of it
  expect(checkpointTimeout({ bytes: 0, complete: false })).toBe(600);
  expect(checkpointTimeout({ bytes: 8 * 1024 * MIB, complete: false })).toBe(840);
});

test('the kubelet gives the larger of the timeout and runtimeRequestTimeout, and the client waits longer', () => {
  expect(checkpointTimes(NOTHING, undefined, 120)).toEqual({
    timeout: 600,
    kubeletLimit: 600_000,
    requestTimeout: 660_000,
    givesUpFirst: false,
  });
  expect(checkpointTimes({ ...NOTHING, timeout: 1 }, undefined, 120)).toEqual({
    timeout: 1,
    kubeletLimit: 120_000,
    requestTimeout: 180_000,
    givesUpFirst: false,
  });
  expect(checkpointTimes({ ...NOTHING, timeout: 1 }, undefined, 900).requestTimeout).toBe(960_000);
});

test('only a user makes it give up first', () => {
  expect(checkpointTimes({ timeout: 1, requestTimeout: 60_000 }, undefined, 120)).toMatchObject({
    requestTimeout: 60_000,
    givesUpFirst: true,
  });
  fc.assert(
    fc.property(fc.option(fc.nat(2 ** 40), { nil: undefined }), fc.nat(86_400), (memory, configured) => {
      const { requestTimeout, kubeletLimit, timeout } = checkpointTimes(
        NOTHING,
        memory === undefined ? undefined : all(memory),
        configured,
      );
      expect(requestTimeout).toBeGreaterThan(kubeletLimit);
      expect(kubeletLimit).toBeGreaterThanOrEqual(timeout * 1000);
      expect(requestTimeout).toBeLessThan(2 ** 31);
    }),
  );
  expect(checkpointTimes({ ...NOTHING, timeout: 2 ** 40 }, all(0), 120).requestTimeout).toBeLessThan(2 ** 31);
});

test("durations of a kubelet's configuration, as /configz writes them", () => {
  expect(parseConfigured('2m0s')).toBe(120);
  expect(parseConfigured('1h0m0s')).toBe(3600);
  for (const none of ['0s', '', 'soon', 7, null, undefined]) expect(parseConfigured(none)).toBeUndefined();
});
