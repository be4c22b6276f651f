import { chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { containerPids, findContainers } from '../../../src/node/freezer/containers.js';
import { directoryIn } from '../../../src/node/freezer/mounts.js';
import { type FreezerState, freezerState } from '../../../src/node/freezer/state.js';
import { namedCgroup } from '../../../src/node/host/cgroup-names.js';
import { HostRoot } from '../../../src/node/host/root.js';
import { type FakeContainer, fakeContainer, setFreezer } from '../../support/cgroups.js';
import { NOBODY } from '../../support/coldcase.js';
import { emptyHost } from '../../support/hosts.js';

const ID = '499dc0ffee499dc0ffee499dc0ffee499dc0ffee499dc0ffee499dc0ffee4242';

const look = async (root: string): Promise<FreezerState> => freezerState(await HostRoot.open(root), ID);

test.each([
  ['cgroupfs', `/kubepods/burstable/podX/${ID}`],
  ['systemd, containerd', `/kubepods.slice/kubepods-podX.slice/cri-containerd-${ID}.scope`],
  ['systemd, CRI-O', `/kubepods.slice/kubepods-podX.slice/crio-${ID}.scope`],
  ['systemd, dockerd', `/kubepods.slice/kubepods-podX.slice/docker-${ID}.scope`],
  ['a systemd name as a cgroupfs path', `/kubepods-podX.slice:cri-containerd:${ID}`],
])('%s: the container is found, frozen and thawed, in both versions', async (_, path) => {
  expect(namedCgroup(`${path}/init.scope`)).toEqual({ id: ID, own: path });
  for (const version of [1, 2] as const) {
    const root = await emptyHost();
    const container = fakeContainer(root, { id: ID, version, path });
    expect(await look(root)).toEqual({ state: 'running' });
    container.freeze();
    expect(await look(root)).toEqual({
      state: 'frozen',
      by: 'itself',
      where: container.cgroup,
      version,
      complete: true,
    });
    container.thaw();
    expect(await look(root)).toEqual({ state: 'running' });
    container.exit();
    expect(await look(root)).toEqual({ state: 'gone' });
  }
});

test.each([1, 2] as const)(
  'a mount that does not show its cgroup (v%i) is not the end of a container',
  async (version) => {
    const root = await emptyHost();
    const container = fakeContainer(root, { id: ID, version });
    rmSync(join(root, container.cgroup), { recursive: true });
    expect(await look(root)).toEqual({
      state: 'unknown',
      why: `${container.cgroup} is not to be seen, and its processes are`,
    });
  },
);

test("the monitor of a container bears its ID and is no process of it, nor is another's", async () => {
  const root = await emptyHost();
  const host = await HostRoot.open(root);
  fakeContainer(root, { id: ID, version: 2, pid: 50, path: `/kubepods.slice/crio-conmon-${ID}.scope` });
  fakeContainer(root, { id: ID, version: 2, pid: 51, path: `/machine.slice/libpod-conmon-${ID}.scope` });
  fakeContainer(root, { id: ID, version: 2, pid: 52, path: `/kubepods.slice/crio-${ID.slice(1)}.scope` });
  expect(await containerPids(host, ID)).toEqual([]);
  fakeContainer(root, { id: ID, version: 2, pid: 53, path: `/kubepods.slice/crio-${ID}.scope` });
  expect(await containerPids(host, ID)).toEqual([53]);
});

test('a cgroup below its own, as crun makes one, is frozen with it', async () => {
  const root = await emptyHost();
  const container = fakeContainer(root, { id: ID, version: 2, below: 'container' });
  container.freeze();
  expect(await look(root)).toMatchObject({ state: 'frozen', by: 'itself', where: container.cgroup });
});

test.each([1, 2] as const)(
  'version %i: frozen with its slice, by nothing that thaws it alone',
  async (version) => {
    const root = await emptyHost();
    const container = fakeContainer(root, { id: ID, version });
    const slice = join(container.cgroup, '..');
    setFreezer(root, slice, version, { own: true, effective: true });
    setFreezer(root, container.cgroup, version, { own: false, effective: true });
    expect(await look(root)).toMatchObject({ state: 'frozen', by: 'a parent', where: slice });
  },
);

test.each([1, 2] as const)('version %i: told to freeze and not frozen yet', async (version) => {
  const root = await emptyHost();
  const container = fakeContainer(root, { id: ID, version });
  setFreezer(root, container.cgroup, version, { own: true, effective: true, complete: false });
  expect(await look(root)).toMatchObject({ state: 'frozen', by: 'itself', complete: false });
});

test('a container that froze a part of itself runs', async () => {
  const root = await emptyHost();
  const path = `/kubepods.slice/cri-containerd-${ID}.scope`;
  fakeContainer(root, { id: ID, version: 2, path });
  fakeContainer(root, { id: ID, version: 2, path, pid: 4001, below: 'nested' });
  setFreezer(root, `/sys/fs/cgroup${path}/nested`, 2, { own: true, effective: true });
  expect(await look(root)).toEqual({ state: 'running' });
});

describe.each([1, 2] as const)('a cgroup that only bears the ID of a container, version %i', (version) => {
  const OTHER = 'aa'.repeat(32);
  /** A container that stands still, and a process of somebody's in a cgroup of that name that runs. */
  async function scene(path: string, decoy: string): Promise<{ root: string; container: FakeContainer }> {
    const root = await emptyHost();
    const container = fakeContainer(root, { id: ID, version, path });
    fakeContainer(root, { id: ID, version, path: decoy, pid: 66, memory: 1 << 30 });
    container.freeze();
    return { root, container };
  }
  const frozenAt = (where: string): object => ({ state: 'frozen', by: 'itself', where });

  test('is not it: the one of its first process is, which the runtime noted', async () => {
    for (const [file, text] of [
      [`run/containerd/io.containerd.runtime.v2.task/k8s.io/${ID}/init.pid`, '4000'],
      [`run/crun/${ID}/status`, '{"pid": 4000}'],
      [`run/runc/${ID}/state.json`, '{"init_process_pid": 4000}'],
    ] as const) {
      const { root, container } = await scene(`/x.slice/crio-${ID}.scope`, `/eb-user.slice/${ID}`);
      mkdirSync(join(root, file, '..'), { recursive: true });
      writeFileSync(join(root, file), text);
      expect(await look(root)).toMatchObject(frozenAt(container.cgroup));
      expect(await containerPids(await HostRoot.open(root), ID)).toEqual([4000]);
    }
  });

  test("is not it: one below the kubelet's is", async () => {
    const pod = `/kubepods.slice/kubepods-pod1.slice/cri-containerd-${ID}.scope`;
    const { root, container } = await scene(pod, `/user.slice/user-1000.slice/${ID}`);
    expect(await look(root)).toMatchObject(frozenAt(container.cgroup));
    expect(await containerPids(await HostRoot.open(root), ID)).toEqual([4000]);
  });

  test('is not it when another container made it within its own', async () => {
    const { root, container } = await scene(`/k8s.io/${ID}`, `/k8s.io/${OTHER}/kubepods/pod1/${ID}`);
    expect(await look(root)).toMatchObject(frozenAt(container.cgroup));
    const host = await HostRoot.open(root);
    expect(await containerPids(host, ID)).toEqual([4000]);
    expect(await containerPids(host, OTHER)).toEqual([66]);
  });

  test('and where nothing tells which is it, one that stands still is told', async () => {
    const { root, container } = await scene(`/a/${ID}`, `/b/${ID}`);
    expect(await look(root)).toMatchObject(frozenAt(container.cgroup));
  });

  test.skipIf(process.getuid?.() !== 0)('is not it below a directory of another user (as root)', async () => {
    const { root, container } = await scene(`/k8s.io/${ID}`, `/user.slice/given/kubepods/pod1/${ID}`);
    chownSync(join(root, container.cgroup, '../../user.slice/given'), NOBODY.uid, NOBODY.gid);
    expect(await look(root)).toMatchObject(frozenAt(container.cgroup));
    const host = await HostRoot.open(root);
    expect(await containerPids(host, ID)).toEqual([4000]);
    // not even when there is no other: a container of another node does not run here by that
    container.exit();
    expect(await containerPids(host, ID)).toEqual([]);
  });
});

test('a node that is a container itself: those in it are found, and it is none of them', async () => {
  const root = await emptyHost();
  const node = `/docker/${'bb'.repeat(32)}`;
  const path = `${node}/kubelet.slice/kubelet-kubepods.slice/cri-containerd-${ID}.scope`;
  const container = fakeContainer(root, { id: ID, version: 2, path });
  writeFileSync(join(root, 'proc/1/cgroup'), `0::${node}/init.scope\n`);
  container.freeze();
  expect(await look(root)).toMatchObject({ state: 'frozen', where: container.cgroup });
  expect([...(await findContainers(await HostRoot.open(root))).keys()]).toEqual([ID]);
});

test('a hybrid machine: version 1 freezes, and version 2 knows nothing of it', async () => {
  const root = await emptyHost();
  const path = `/kubepods/podX/${ID}`;
  const container = fakeContainer(root, { id: ID, version: 1, path });
  writeFileSync(
    join(root, 'proc/1/mountinfo'),
    '35 30 0:30 / /sys/fs/cgroup/freezer rw - cgroup cgroup rw,freezer\n36 30 0:31 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n',
  );
  writeFileSync(join(root, 'proc/4000/cgroup'), `6:freezer:${path}\n0::${path}\n`);
  setFreezer(root, `/sys/fs/cgroup/unified${path}`, 2, { own: false, effective: false });
  expect(await look(root)).toEqual({ state: 'running' });
  container.freeze();
  expect(await look(root)).toMatchObject({ state: 'frozen', version: 1 });
});

test('what cannot be told is not known, and never "running"', async () => {
  const root = await emptyHost();
  expect(await look(root)).toEqual({ state: 'unknown', why: 'the processes of the node cannot be seen' });
  const container = fakeContainer(root, { id: ID, version: 1 });
  writeFileSync(join(root, container.cgroup, 'freezer.state'), 'MELTING\n');
  expect(await look(root)).toMatchObject({ state: 'unknown' });
  writeFileSync(join(root, 'proc/1/mountinfo'), '21 1 0:20 / /proc rw - proc proc rw\n');
  expect(await look(root)).toEqual({ state: 'unknown', why: 'no cgroup freezer is mounted' });
  const old = await emptyHost();
  const second = fakeContainer(old, { id: ID, version: 2 });
  writeFileSync(join(old, second.cgroup, 'cgroup.events'), 'populated 1\n');
  expect(await look(old)).toMatchObject({ state: 'unknown', why: expect.stringContaining('before 5.2') });
});

test('a mount of a part of a hierarchy shows that part only', () => {
  const mount = (root: string) => ({ version: 2, point: '/sys/fs/cgroup', root }) as const;
  expect(directoryIn(mount('/'), '/a/b')).toBe('/sys/fs/cgroup/a/b');
  expect(directoryIn(mount('/a'), '/a/b')).toBe('/sys/fs/cgroup/b');
  expect(directoryIn(mount('/a'), '/ab')).toBeUndefined();
  expect(directoryIn(mount('/'), '/../b')).toBeUndefined();
  expect(directoryIn(mount('/../..'), '/../../b')).toBe('/sys/fs/cgroup/b');
});
