import { expect, test } from 'vitest';
import type { RuntimeKind } from '../../src/node/facts/runtime-settings.js';
import { estimateFreeze as estimate, type FreezeEstimate } from '../../src/node/freeze.js';

const MIB = 2 ** 20;
const estimateFreeze = (memory: number, engine: RuntimeKind, size = 0, files = 0): FreezeEstimate =>
  estimate({ memory, changed: { size, files, missing: null } }, engine);

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

/** Seen on containerd 2.1.9: the freezer, of 20 MiB of memory and what had changed in the root file system. */
test.each([
  ['nothing', 0, 0, 270],
  ['300 MiB that do not compress', 300 * MIB, 1, 1337],
  ['5,000 small files', 24_000, 5000, 690],
  ['a log of 1 GiB, on a busy machine', 1024 * MIB, 1, 60_000],
])('changed files are packed before it is thawed: %s', (_, size, files, milliseconds) => {
  const { criu, frozen } = estimateFreeze(20 * MIB, 'containerd', size, files);
  expect(criu).toEqual(estimateFreeze(20 * MIB, 'containerd').criu);
  expect(frozen.from).toBeLessThan(milliseconds);
  expect(frozen.to).toBeGreaterThan(milliseconds);
});

test('an engine that is not known: from the best of one to the worst of the other', () => {
  const [containerd, crio, unknown] = (['containerd', 'cri-o', 'unknown'] as const).map(
    (engine) => estimateFreeze(1024 * MIB, engine).frozen,
  );
  expect(unknown?.from).toBe(crio?.from);
  expect(unknown?.to).toBe(containerd?.to);
  expect(unknown?.to).toBeGreaterThan(crio?.to ?? 0);
});
