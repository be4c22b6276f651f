import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
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
  expect(await containerMemory(host, pids)).toEqual({ size: (2 * 108 + 4096) * 1024, swapped: 16 * 1024 });
  expect(await containerMemory(host, [20])).toMatchObject({ size: (108 + 4096) * 1024 });
});

test('what could be no ID finds no processes', async () => {
  const root = await emptyHost();
  await proc(root, 20, { cgroup: '0::/init.scope\n' });
  expect(await containerPids(await HostRoot.open(root), 'init')).toEqual([]);
});
