import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { containerMemory, containerPids } from '../../src/node/facts/container-memory.js';
import { HostRoot } from '../../src/node/host/root.js';
import { emptyHost } from '../support/hosts.js';

const ID = '499dc0ffee499dc0ffee499dc0ffee499dc0ffee499dc0ffee499dc0ffee4242';

async function proc(root: string, pid: number, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(join(root, `proc/${pid}`), { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(root, `proc/${pid}`, name), text);
}

test('memory that processes share is dumped once, and counted once', async () => {
  const root = await emptyHost();
  for (const pid of [20, 21]) {
    await proc(root, pid, {
      cgroup: `0::/kubepods.slice/cri-containerd-${ID}.scope\n`,
      status: 'RssAnon:\t  100 kB\nRssShmem:\t  4096 kB\nVmSwap:\t  8 kB\n',
      smaps_rollup: '00400000-7fff ---p 0 00:00 0 [rollup]\nPss_Shmem:            2048 kB\n',
    });
  }
  await proc(root, 30, { cgroup: '0::/init.scope\n', status: 'RssAnon:\t  7 kB\n' });
  const host = await HostRoot.open(root);
  const pids = await containerPids(host, ID);
  expect(pids).toEqual([20, 21]);
  expect(await containerMemory(host, ID, pids)).toEqual({
    size: (2 * 108 + 4096) * 1024,
    swapped: 16 * 1024,
  });
  expect(await containerMemory(host, ID, [20])).toMatchObject({ size: (108 + 4096) * 1024 });
});

const KIB = 1024;

test('huge pages are memory too; those that several have, once', async () => {
  const root = await emptyHost();
  const status = 'RssAnon:\t  100 kB\nHugetlbPages:\t 8192 kB\n';
  for (const pid of [20, 21]) {
    const smaps_rollup = 'Pss_Shmem:   0 kB\nShared_Hugetlb:   6144 kB\nPrivate_Hugetlb:   2048 kB\n';
    await proc(root, pid, { cgroup: `0::/cri-containerd-${ID}.scope\n`, status, smaps_rollup });
  }
  const host = await HostRoot.open(root);
  expect((await containerMemory(host, ID, [20])).size).toBe((100 + 8192) * KIB);
  expect((await containerMemory(host, ID, [20, 21])).size).toBe((2 * 100 + 2 * 2048 + 6144) * KIB);
});

describe('what no process has mapped is what its cgroup is charged with', () => {
  const V2 = '31 24 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n';
  const V1 =
    '32 24 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n33 24 0:29 / /sys/fs/cgroup/hugetlb rw - cgroup cgroup rw,hugetlb\n';
  async function memoryOf(
    version: 1 | 2,
    files: Readonly<Record<string, string>>,
  ): Promise<{ size: number; swapped: number }> {
    const root = await emptyHost();
    const own = `/kubepods.slice/cri-containerd-${ID}.scope`;
    // the process is in a group below, and another container beside it
    const cgroup =
      version === 2 ? `0::${own}/container\n` : `4:memory:${own}/container\n5:hugetlb:${own}\n0::/x\n`;
    await proc(root, 20, { cgroup, status: 'RssAnon:\t  100 kB\n' });
    // a hybrid machine has both hierarchies
    await proc(root, 1, { mountinfo: version === 2 ? V2 : V1 + V2 });
    for (const [name, text] of Object.entries(files)) {
      const path = join(root, '/sys/fs/cgroup', name.replace('OWN', own));
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
    }
    return containerMemory(await HostRoot.open(root), ID, [20]);
  }

  test('version 2: a memfd, huge pages, swap; no page cache', async () => {
    const found = await memoryOf(2, {
      'OWN/memory.stat': 'anon 1000000\nfile 900000000\nkernel 5000\nshmem 209715200\n',
      'OWN/memory.swap.current': '4096\n',
      'OWN/hugetlb.2MB.current': '2097152\n',
      'OWN/hugetlb.2MB.rsvd.current': '99999999\n',
      'OWN/hugetlb.1GB.current': '1073741824\n',
    });
    expect(found).toEqual({ size: 1_000_000 + 209_715_200 + 4096 + 2_097_152 + 2 ** 30, swapped: 4096 });
  });

  test('version 1, as a hybrid machine has it', async () => {
    const found = await memoryOf(1, {
      'memory/OWN/memory.stat': 'rss 1\nshmem 1\ntotal_rss 1000000\ntotal_shmem 209715200\ntotal_swap 4096\n',
      'hugetlb/OWN/hugetlb.2MB.usage_in_bytes': '2097152\n',
      'hugetlb/OWN/hugetlb.2MB.max_usage_in_bytes': '99999999\n',
    });
    expect(found).toEqual({ size: 1_000_000 + 209_715_200 + 4096 + 2_097_152, swapped: 4096 });
  });

  test('where the processes have more, as forks do, they count', async () => {
    const found = await memoryOf(2, { 'OWN/memory.stat': 'anon 10\nshmem 0\n' });
    expect(found.size).toBe(100 * KIB);
  });
});

test('what could be no ID finds no processes', async () => {
  const root = await emptyHost();
  await proc(root, 20, { cgroup: '0::/init.scope\n' });
  expect(await containerPids(await HostRoot.open(root), 'init')).toEqual([]);
});
