import { expect, test } from 'vitest';
import { estimateFreeze } from '../../src/node/freeze.js';

const MIB = 2 ** 20;

test('704 MiB on containerd: CRIU took 2.64 s, and the process stood still for 6.97 s', () => {
  const { criu, frozen } = estimateFreeze(704 * MIB, 'containerd');
  expect(criu.from).toBeLessThan(2640);
  expect(criu.to).toBeGreaterThan(2640);
  expect(frozen.from).toBeLessThan(6970);
  expect(frozen.to).toBeGreaterThan(6970);
});

test('the range stays of use: 704 MiB are no minute, and no blink', () => {
  const { frozen } = estimateFreeze(704 * MIB, 'containerd');
  expect(frozen.from).toBeGreaterThan(1000);
  expect(frozen.to).toBeLessThan(15_000);
});

/** `pages_written` and `frozen_time` (microseconds) of real archives' stats-dump, as checkpointctl shows them. */
test.each([
  ['containerd', 736, 162_914],
  ['cri-o', 33, 124_419],
  ['unknown', 2522, 400_618],
] as const)('%s: the fixed cost of a small container', (engine, pages, microseconds) => {
  const { criu } = estimateFreeze(pages * 4096, engine);
  expect(criu.from).toBeLessThan(microseconds / 1000);
  expect(criu.to).toBeGreaterThan(microseconds / 1000);
});

test('an engine that is not known: from the best of one to the worst of the other', () => {
  const [containerd, crio, unknown] = (['containerd', 'cri-o', 'unknown'] as const).map(
    (engine) => estimateFreeze(1024 * MIB, engine).frozen,
  );
  expect(unknown?.from).toBe(crio?.from);
  expect(unknown?.to).toBe(containerd?.to);
  expect(unknown?.to).toBeGreaterThan(crio?.to ?? 0);
});
