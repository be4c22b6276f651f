import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Check, Patient } from '../../../src/node/checks/check.js';
import { spaceChecks } from '../../../src/node/checks/space.js';
import { examine } from '../../../src/node/examine.js';
import type { ContainerFacts } from '../../../src/node/facts/container.js';
import { HostRoot } from '../../../src/node/host/root.js';
import { type HostFixture, hostCopy } from '../../support/hosts.js';

const MiB = 1 << 20;

/** A container of that much memory and changed files; nothing else of it matters for space. */
function patient(memory: number, changed: number): Patient {
  const facts: ContainerFacts = {
    id: 'x',
    pids: [1],
    load: { memory, changed: { size: changed, files: 1, missing: null } },
    swapped: 0,
    establishedTcp: 0,
    locks: 0,
    deleted: [],
    terminal: false,
    devices: [],
    undumpable: [],
    hostNamespaces: [],
    seccompMode: 0,
    appArmor: undefined,
    complete: true,
    problems: [],
  };
  return {
    namespace: 'n',
    pod: 'p',
    container: 'c',
    manifest: null,
    id: undefined,
    spec: null,
    facts,
    unseen: undefined,
  };
}

/** The checks of space on a copy of a node, with mounts added to its own. */
async function spaceOf(
  fixture: HostFixture,
  mounts: readonly string[],
  memory: number | undefined,
  changed = 0,
): Promise<ReadonlyMap<string, Check>> {
  const root = await hostCopy(fixture);
  await mkdir(join(root, 'proc/1'), { recursive: true });
  await writeFile(
    join(root, 'proc/1/mountinfo'),
    ['21 1 8:1 / / rw - ext4 /dev/sda1 rw', ...mounts, ''].join('\n'),
  );
  await writeFile(join(root, 'proc/meminfo'), 'MemAvailable:    1048576 kB\n');
  const host = await HostRoot.open(root);
  const examination = await examine(host, { api: undefined, noApi: 'none in this test', target: undefined });
  const checks = await spaceChecks({
    ...examination,
    patient: memory === undefined ? undefined : patient(memory, changed),
  });
  return new Map(checks.map((check) => [check.id, check]));
}

const TMP = '30 21 0:40 / /tmp rw - tmpfs tmpfs rw';
const CONTAINERD = '31 21 8:17 / /var/lib/containerd rw - xfs /dev/sdb1 rw';

test('containerd on one disk: three times the memory at once', async () => {
  const checks = await spaceOf('kubeadm', [], 704 * MiB);
  expect([...checks.keys()]).toEqual(['space.free', 'space.inodes', 'space.eviction']);
  expect(checks.get('space.free')?.found).toMatch(
    /needs about 2.09 GiB at once: CRIU's images, the content store/,
  );
});

test('changed files are in all of it but in the images', async () => {
  const checks = await spaceOf('kubeadm', [TMP], 64 * MiB, 1024 * MiB);
  expect(checks.get('space.images')?.found).toContain('needs about 96 MiB at once');
  expect(checks.get('space.free')?.found).toContain('needs about 3.22 GiB at once');
});

test('containerd, every place on its own file system: a /tmp in memory once, its root twice, the archive once', async () => {
  const checks = await spaceOf('kubeadm', [TMP, CONTAINERD], 704 * MiB);
  expect([...checks.keys()]).toEqual([
    'space.images',
    'space.engine',
    'space.free',
    'space.memory',
    'space.inodes',
    'space.eviction',
  ]);
  expect(checks.get('space.images')?.found).toMatch(
    /at \/tmp \(in memory\); needs about 736 MiB at once: CRIU's images$/,
  );
  expect(checks.get('space.engine')?.found).toMatch(
    /at \/var\/lib\/containerd\/.*needs about 1.41 GiB at once: the content store, the unpacked checkpoint$/,
  );
  expect(checks.get('space.free')?.found).toMatch(/needs about 736 MiB at once: the archive$/);
  expect(checks.get('space.memory')).toMatchObject({
    status: 'warn',
    found: '/tmp: in memory, 1 GiB available; a checkpoint takes about 736 MiB more',
  });
});

test('a /tmp in memory that does not hold it fails, whatever the tmpfs says of its size', async () => {
  const checks = await spaceOf('kubeadm', [TMP], 1100 * MiB);
  expect(checks.get('space.memory')).toMatchObject({ status: 'fail' });
  expect(checks.get('space.memory')?.remedy).toContain('TMPDIR');
  // without a container the factor is told
  const unnamed = await spaceOf('kubeadm', [TMP], undefined);
  expect(unnamed.get('space.memory')).toMatchObject({ status: 'pass' });
  expect(unnamed.get('space.memory')?.found).toContain("the container's memory once more");
  expect(unnamed.get('space.free')?.found).toContain("takes the container's memory 3 times");
});

test('CRI-O: the images beside the container, and the archive', async () => {
  const storage = '31 21 8:17 / /var/lib/containers rw - xfs /dev/sdb1 rw';
  const checks = await spaceOf('dropins', [TMP, storage], 704 * MiB);
  expect([...checks.keys()]).toEqual(['space.images', 'space.free', 'space.inodes', 'space.eviction']);
  expect(checks.get('space.images')?.found).toMatch(
    /at \/var\/lib\/containers\/storage; needs about 736 MiB at once/,
  );
  expect(checks.get('space.free')?.found).toMatch(/needs about 736 MiB at once: the archive$/);
  const one = await spaceOf('dropins', [], 704 * MiB);
  expect(one.get('space.free')?.found).toMatch(/needs about 1.41 GiB at once: CRIU's images, the archive$/);
});

test('a checkpoint directory in memory adds to a /tmp in memory only as far as both are full at once', async () => {
  const staged = '32 21 0:41 / /var/lib/kubelet/checkpoints rw - tmpfs coldcase-stage rw';
  const checks = await spaceOf('kubeadm', [TMP, staged], 100 * MiB);
  expect(checks.get('space.memory')?.found).toContain('takes about 132 MiB more');
});
