import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { dumpAtWork } from '../../../src/node/freezer/at-work.js';
import { type FreezerState, findFreezer, readFreezer } from '../../../src/node/freezer/state.js';
import { type RunProgram, thaw } from '../../../src/node/freezer/thaw.js';
import { type Engine, shownCommand, thawCommands } from '../../../src/node/freezer/thaw-commands.js';
import { HostRoot } from '../../../src/node/host/root.js';
import { fakeContainer } from '../../support/cgroups.js';
import { emptyHost } from '../../support/hosts.js';
import { realContainer, usableFreezer } from '../../support/real-freezer.js';

const ID = '499dc0ffee499dc0ffee499dc0ffee499dc0ffee499dc0ffee499dc0ffee4242';
const CONTAINERD: Engine = {
  kind: 'containerd',
  socket: '/run/containerd/containerd.sock',
  low: { name: 'runc', binary: 'runc', from: '' },
};
const CRIO: Engine = {
  kind: 'cri-o',
  socket: '/run/crio/crio.sock',
  low: { name: 'crun', binary: 'crun', from: '' },
};
const FROZEN = {
  state: 'frozen',
  by: 'itself',
  where: `/sys/fs/cgroup/kubepods.slice/cri-containerd-${ID}.scope`,
  version: 2,
  complete: true,
} as const satisfies FreezerState;

function program(root: string, path: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), '#!/bin/false\n');
  chmodSync(join(root, path), 0o755);
}

async function shown(
  root: string,
  engine: Engine,
  state: typeof FROZEN | object = FROZEN,
): Promise<string[]> {
  const host = await HostRoot.open(root);
  const commands = await thawCommands(host, ID, engine, { ...FROZEN, ...state });
  return commands.map(shownCommand);
}

test('the commands of each engine, the one that the engine knows of first, the freezer file last', async () => {
  const root = await emptyHost();
  const file = `echo 0 >${FROZEN.where}/cgroup.freeze`;
  expect(await shown(root, CONTAINERD)).toEqual([
    `ctr -n k8s.io tasks resume ${ID}`,
    `runc --root /run/containerd/runc/k8s.io resume ${ID}`,
    file,
  ]);
  expect(await shown(root, CRIO)).toEqual([`crun --root /run/crun resume ${ID}`, file]);
  expect(await shown(root, { ...CRIO, low: { name: 'runc', binary: '/usr/bin/runc', from: '' } })).toEqual([
    `runc --root /run/runc resume ${ID}`,
    file,
  ]);
  expect(await shown(root, { ...CONTAINERD, kind: 'cri-dockerd' })).toEqual([`docker unpause ${ID}`, file]);
  const rke2: Engine = { ...CONTAINERD, socket: '/run/k3s/containerd/containerd.sock' };
  expect((await shown(root, rke2))[0]).toBe(
    `ctr --address /run/k3s/containerd/containerd.sock -n k8s.io tasks resume ${ID}`,
  );
  program(root, '/usr/local/bin/k3s');
  expect((await shown(root, rke2))[0]).toBe(`k3s ctr -n k8s.io tasks resume ${ID}`);
  expect(
    await shown(root, CONTAINERD, { version: 1, where: '/sys/fs/cgroup/freezer/x y', by: 'a parent' }),
  ).toEqual(["echo THAWED >'/sys/fs/cgroup/freezer/x y/freezer.state'"]);
});

test('the state directory tells which OCI runtime has the container', async () => {
  const root = await emptyHost();
  mkdirSync(join(root, 'run/runc', ID), { recursive: true });
  writeFileSync(join(root, 'run/runc', ID, 'state.json'), '{}');
  expect((await shown(root, CRIO))[0]).toBe(`runc --root /run/runc resume ${ID}`);
  mkdirSync(join(root, 'run/containerd/runc/k8s.io', ID), { recursive: true });
  writeFileSync(join(root, 'run/containerd/runc/k8s.io', ID, 'status'), '{}');
  expect((await shown(root, CONTAINERD))[1]).toBe(`crun --root /run/containerd/runc/k8s.io resume ${ID}`);
});

test('one command after the other, until the freezer itself says that it runs', async () => {
  const root = await emptyHost();
  const host = await HostRoot.open(root);
  const container = fakeContainer(root, { id: ID, version: 2 });
  container.freeze();
  program(root, '/usr/bin/ctr');
  program(root, '/usr/sbin/runc');
  const commands = await thawCommands(host, ID, CONTAINERD, { ...FROZEN, where: container.cgroup });
  const ran: string[][] = [];
  const run: RunProgram = async (path, args) => {
    ran.push([path, ...args]);
    if (path.endsWith('ctr')) return { done: false, said: 'ctr: task not found' };
    container.thaw();
    return { done: true, said: '' };
  };
  const result = await thaw(host, ID, commands, { run });
  expect(ran).toEqual([
    ['/usr/bin/ctr', '-n', 'k8s.io', 'tasks', 'resume', ID],
    ['/usr/sbin/runc', '--root', '/run/containerd/runc/k8s.io', 'resume', ID],
  ]);
  expect(result.state).toEqual({ state: 'running' });
  expect(result.attempts.map(({ done }) => done)).toEqual([false, true]);
});

test('without any program, the freezer file is written; where nothing helps it is still frozen', async () => {
  const root = await emptyHost();
  const host = await HostRoot.open(root);
  const container = fakeContainer(root, { id: ID, version: 2 });
  container.freeze();
  const commands = await thawCommands(host, ID, CONTAINERD, { ...FROZEN, where: container.cgroup });
  // nobody stands for the kernel here: the wish is written, and cgroup.events says what it said before
  const result = await thaw(host, ID, commands, { settle: 100 });
  expect(readFileSync(join(root, container.cgroup, 'cgroup.freeze'), 'utf8')).toMatch(/^0/);
  expect(result.state.state).toBe('frozen');
  expect(result.attempts.map(({ said }) => said)).toEqual([
    'there is no such program on this node',
    'there is no such program on this node',
    '',
  ]);
});

test('a dump that is still at work is seen, by its runtime and by its tracer', async () => {
  const root = await emptyHost();
  const host = await HostRoot.open(root);
  fakeContainer(root, { id: ID, version: 2 });
  const put = (pid: number, name: string, text: string): void => {
    mkdirSync(join(root, 'proc', String(pid)), { recursive: true });
    writeFileSync(join(root, 'proc', String(pid), name), text);
  };
  expect(await dumpAtWork(host, ID, [4000])).toBeUndefined();
  put(4000, 'cmdline', `runc\0checkpoint\0${ID}\0`); // the container's own, which may call itself what it likes
  put(70, 'cmdline', `runc\0checkpoint\0${ID.replace('4', '5')}\0`);
  expect(await dumpAtWork(host, ID, [4000])).toBeUndefined();
  put(71, 'cmdline', `/usr/sbin/runc\0--root\0/run\0checkpoint\0--image-path\0/tmp/x\0${ID}\0`);
  expect(await dumpAtWork(host, ID, [4000])).toBe('runc checkpoint (PID 71)');
  put(71, 'cmdline', '');
  put(4000, 'status', 'Name:\tapi\nTracerPid:\t72\n');
  put(72, 'comm', 'strace\n');
  expect(await dumpAtWork(host, ID, [4000])).toBeUndefined();
  put(72, 'comm', 'criu\n');
  expect(await dumpAtWork(host, ID, [4000])).toBe('criu (PID 72)');
});

describe.each([1, 2] as const)("the kernel's own freezer, version %i", (version) => {
  const top = usableFreezer(version);
  test.skipIf(top === undefined)('is read and thawed (needs root and that freezer)', async () => {
    const host = await HostRoot.open('/');
    const container = await realContainer(version, top ?? '');
    try {
      const freezer = await findFreezer(host, container.id);
      if ('state' in freezer) throw new Error(freezer.state);
      expect(freezer.pids).toEqual([container.pid]);
      expect(await readFreezer(host, freezer)).toEqual({ state: 'running' });
      await container.freeze();
      const state = await readFreezer(host, freezer);
      expect(state).toEqual({
        ...{ state: 'frozen', by: 'itself', where: container.cgroup },
        ...{ version, complete: true },
      });
      if (state.state !== 'frozen') throw new Error(state.state);
      const commands = await thawCommands(host, container.id, CONTAINERD, state);
      const result = await thaw(
        host,
        container.id,
        commands.filter(({ kind }) => kind === 'write'),
      );
      expect(result).toMatchObject({ state: { state: 'running' }, attempts: [{ done: true }] });
    } finally {
      await container.end();
    }
    expect(await findFreezer(host, container.id)).toEqual({ state: 'gone' });
  });
});
