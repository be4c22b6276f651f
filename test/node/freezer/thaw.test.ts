import { chmodSync, mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { dumpAtWork } from '../../../src/node/freezer/at-work.js';
import { type FreezerState, findFreezer, readFreezer } from '../../../src/node/freezer/state.js';
import { type RunProgram, thaw } from '../../../src/node/freezer/thaw.js';
import { type Engine, shownCommand, thawCommands } from '../../../src/node/freezer/thaw-commands.js';
import { HostRoot } from '../../../src/node/host/root.js';
import { fakeContainer } from '../../support/cgroups.js';
import { NOBODY } from '../../support/coldcase.js';
import { emptyHost } from '../../support/hosts.js';
import { type FakeProcess, fakeProcess, program } from '../../support/processes.js';
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
  const runc = (pid: number, id: string, facts: Partial<FakeProcess> = {}): void =>
    fakeProcess(root, pid, {
      comm: 'runc',
      exe: '/usr/sbin/runc',
      words: ['/usr/sbin/runc', '--root', '/run', 'checkpoint', '--image-path', '/tmp/x', id],
      ...facts,
    });
  runc(70, ID.replace('4', '5'));
  expect(await dumpAtWork(host, ID)).toBeUndefined();
  runc(71, ID);
  expect(await dumpAtWork(host, ID)).toBe('runc checkpoint (PID 71)');
  runc(71, ID, { exe: '/memfd:runc_cloned:/proc/self/exe (deleted)' });
  expect(await dumpAtWork(host, ID)).toBe('runc checkpoint (PID 71)');
  runc(71, 'another');
  const traced = (pid: number): void =>
    writeFileSync(join(root, 'proc/4000/status'), `Name:\tapi\nTracerPid:\t${pid}\n`);
  fakeProcess(root, 72, { comm: 'strace' });
  traced(72);
  expect(await dumpAtWork(host, ID)).toBeUndefined();
  // CRIU is in the container's mounts while it looks at them
  fakeProcess(root, 73, { comm: 'criu', exe: '/usr/sbin/criu', mnt: 7 });
  traced(73);
  expect(await dumpAtWork(host, ID)).toBe('criu (PID 73)');
});

test('nobody forbids a capture by a process that only looks like a dump', async () => {
  const root = await emptyHost();
  const host = await HostRoot.open(root);
  fakeContainer(root, { id: ID, version: 2 });
  const inside = `0::/kubepods.slice/kubepods-pod0f8fad5b.slice/cri-containerd-${ID}.scope\n`;
  const strangers: Partial<FakeProcess>[] = [
    { uid: NOBODY.uid },
    // a program with the set-user-ID bit, started by another name
    { uid: [NOBODY.uid, 0, 0, 0] },
    { exe: '/usr/bin/sudo' },
    // the container itself, and processes that it forks later
    { cgroup: inside },
    { pidns: 4026532999 },
    { mnt: 4026532998 },
    { exe: '/bin/dash' },
  ];
  for (const [index, facts] of strangers.entries()) {
    fakeProcess(root, 100 + index, { comm: 'runc', words: ['runc', 'checkpoint', ID], ...facts });
  }
  expect(await dumpAtWork(host, ID)).toBeUndefined();
  for (const facts of strangers.filter(({ mnt }) => mnt === undefined)) {
    fakeProcess(root, 99, { comm: 'criu', ...facts });
    writeFileSync(join(root, 'proc/4000/status'), 'Name:\tapi\nTracerPid:\t99\n');
    expect(await dumpAtWork(host, ID)).toBeUndefined();
  }
});

test.each([
  ['containerd', '/var/lib/containerd'],
  ['k0s', '/var/lib/k0s/containerd'],
  ['containerd with another root', '/data/ctd'],
])('%s that copies images keeps it frozen: seen while it writes, or has the file open', async (_, at) => {
  const root = await emptyHost();
  const host = await HostRoot.open(root);
  fakeContainer(root, { id: ID, version: 2 });
  fakeProcess(root, 20, { comm: 'containerd', words: ['containerd', '--root', '/data/ctd'] });
  const ingest = `${at}/io.containerd.content.v1.content/ingest/${'ab'.repeat(32)}`;
  mkdirSync(join(root, ingest), { recursive: true });
  writeFileSync(join(root, ingest, 'ref'), 'k8s.io/1//tmp/ctrd-checkpoint2718281828');
  writeFileSync(join(root, ingest, 'data'), 'x');
  expect(await dumpAtWork(host, ID)).toBe(`containerd, which copies images (${'ab'.repeat(32)})`);
  utimesSync(join(root, ingest, 'data'), 1, 1);
  expect(await dumpAtWork(host, ID)).toBeUndefined();
  mkdirSync(join(root, 'proc/20/fd'));
  symlinkSync(`${ingest}/data`, join(root, 'proc/20/fd/9'));
  expect(await dumpAtWork(host, ID)).toContain('which copies images');
});

test('CRI-O that packs images keeps it frozen, and is seen by what it has open', async () => {
  const root = await emptyHost();
  const host = await HostRoot.open(root);
  fakeContainer(root, { id: ID, version: 2 });
  const userdata = `/var/lib/containers/storage/overlay-containers/${ID}/userdata`;
  mkdirSync(join(root, userdata, 'checkpoint'), { recursive: true });
  expect(await dumpAtWork(host, ID)).toBe('CRI-O, which packs images');
  utimesSync(join(root, userdata, 'checkpoint'), 1, 1);
  expect(await dumpAtWork(host, ID)).toBeUndefined();
  fakeProcess(root, 21, { comm: 'crio' });
  mkdirSync(join(root, 'proc/21/fd'));
  symlinkSync(`${userdata}/attach`, join(root, 'proc/21/fd/8'));
  expect(await dumpAtWork(host, ID)).toBeUndefined();
  symlinkSync(`${userdata}/checkpoint/pages-1.img`, join(root, 'proc/21/fd/9'));
  expect(await dumpAtWork(host, ID)).toBe('CRI-O, which packs images');
  expect(await dumpAtWork(host, ID.replace('4', '5'))).toBeUndefined();
});

test('no program is run that others than root could have put there, or that another user names', async () => {
  const root = await emptyHost();
  const host = await HostRoot.open(root);
  const obstacleOf = async (): Promise<unknown> => {
    const [ctr] = await thawCommands(host, ID, CONTAINERD, FROZEN);
    return ctr?.kind === 'run' ? (ctr.obstacle ?? ctr.program) : undefined;
  };
  // the PATH of a stranger called containerd is nobody's business
  program(root, '/tmp/evil/ctr');
  fakeProcess(root, 7, { comm: 'containerd', uid: NOBODY.uid, environ: { PATH: '/tmp/evil' } });
  fakeProcess(root, 8, { comm: 'containerd', mnt: 4026532998, environ: { PATH: '/tmp/evil' } });
  expect(await obstacleOf()).toBe('there is no such program on this node');
  // that of the engine is searched, and what lies open to others is named and not run
  fakeProcess(root, 9, { comm: 'containerd', environ: { PATH: '/opt/engine:/tmp/evil' } });
  program(root, '/opt/engine/ctr');
  expect(await obstacleOf()).toBe('/opt/engine/ctr');
  chmodSync(join(root, 'opt/engine'), 0o775);
  const ran: string[] = [];
  const run: RunProgram = async (path) => {
    ran.push(path);
    return { done: true, said: '' };
  };
  chmodSync(join(root, 'tmp/evil'), 0o777);
  expect(await obstacleOf()).toBe('/opt/engine/ctr is not run: /opt/engine may be written by others');
  const container = fakeContainer(root, { id: ID, version: 2 });
  container.freeze();
  const { attempts } = await thaw(host, ID, await thawCommands(host, ID, CONTAINERD, FROZEN), {
    run,
    settle: 0,
  });
  expect(ran).toEqual([]);
  expect(attempts[0]).toEqual({
    command: `ctr -n k8s.io tasks resume ${ID}`,
    done: false,
    said: '/opt/engine/ctr is not run: /opt/engine may be written by others',
  });
  // one of the same name further on that is root's is run
  program(root, '/usr/local/bin/ctr');
  expect(await obstacleOf()).toBe('/usr/local/bin/ctr');
  // and BinaryName may be anywhere
  program(root, '/srv/runc');
  chmodSync(join(root, 'srv/runc'), 0o757);
  const low = { name: 'runc', binary: '/srv/runc', from: '' };
  const crio = await thawCommands(host, ID, { ...CRIO, low }, FROZEN);
  expect(crio[0]).toMatchObject({ obstacle: '/srv/runc is not run: /srv/runc may be written by others' });
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
