import { chmodSync, chownSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findOwnProcess, isNodesOwn, isRoots } from '../../../src/node/host/own-processes.js';
import { HostRoot } from '../../../src/node/host/root.js';
import { whoElseWrites } from '../../../src/node/host/root-only.js';
import { NOBODY } from '../../support/coldcase.js';
import { emptyHost } from '../../support/hosts.js';
import { type FakeProcess, fakeProcess, program } from '../../support/processes.js';

const ID = 'ab'.repeat(32);
const CONTAINERD = new Set(['containerd']);
const root = process.getuid?.() === 0;

test.each<[string, Partial<FakeProcess>]>([
  ['the engine itself', {}],
  ['one with a version in its name', { exe: '/usr/bin/containerd-2.1' }],
  ['one that k3s runs, which is one program with many names', { exe: '/var/lib/rancher/k3s/data/1/bin/k3s' }],
  ['one that was replaced while it runs', { exe: '/usr/bin/containerd (deleted)' }],
])("the node's own: %s", async (_, facts) => {
  const host = await emptyHost();
  program(host, '/usr/bin/containerd');
  fakeProcess(host, 40, { comm: 'containerd', words: ['containerd', '--root', '/r'], ...facts });
  expect(await findOwnProcess(await HostRoot.open(host), CONTAINERD)).toMatchObject({ pid: 40 });
});

test.each<[string, Partial<FakeProcess>]>([
  ["another user's", { uid: NOBODY.uid }],
  ['a program with the set-user-ID bit', { uid: [NOBODY.uid, 0, 0, 0] }],
  ['one that root was asked for, started by a link of that name', { exe: '/usr/bin/sudo' }],
  ["in a container's PID namespace", { pidns: 7 }],
  ["in a container's mounts", { mnt: 7 }],
  ["in a container's cgroup, with all the node's namespaces", { cgroup: `0::/kubepods/pod1/${ID}\n` }],
  ['deeper in it', { cgroup: `4:pids:/x\n0::/kubepods.slice/cri-containerd-${ID}.scope/init\n` }],
  ['a script', { exe: '/bin/sh' }],
  ['of a file that is not there', { exe: '/gone/containerd-x (deleted)' }],
])('a stranger that calls itself containerd: %s', async (_, facts) => {
  const host = await emptyHost();
  fakeProcess(host, 40, { comm: 'containerd', words: ['containerd', '--root', '/evil'], ...facts });
  expect(await findOwnProcess(await HostRoot.open(host), CONTAINERD)).toBeUndefined();
});

test('one whose file lies where others write is a stranger', async () => {
  const directory = await emptyHost();
  const host = await HostRoot.open(directory);
  fakeProcess(directory, 40, { comm: 'containerd', exe: '/opt/x/containerd' });
  const own = async (): Promise<boolean> => isNodesOwn(host, 40, { programs: ['containerd'] });
  expect(await own()).toBe(true);
  chmodSync(join(directory, 'opt'), 0o775);
  expect(await own()).toBe(false);
  // by that alone it is no less root's, and to be waited for
  expect(await isRoots(host, 40)).toBe(true);
});

test('a node that is a container is not in a container', async () => {
  const directory = await emptyHost();
  fakeProcess(directory, 1, { comm: 'systemd', cgroup: `0::/docker/${ID}/init.scope\n` });
  fakeProcess(directory, 40, { comm: 'containerd', cgroup: `0::/docker/${ID}/system.slice/x.service\n` });
  expect(await findOwnProcess(await HostRoot.open(directory), CONTAINERD)).toMatchObject({ pid: 40 });
});

test('who else can put a file where a path leads', async () => {
  const directory = await emptyHost();
  const host = await HostRoot.open(directory);
  program(directory, '/usr/bin/ctr');
  mkdirSync(join(directory, 'tmp'));
  chmodSync(join(directory, 'tmp'), 0o1777);
  program(directory, '/tmp/mine/ctr');
  symlinkSync('/usr/bin', join(directory, 'bin'));
  symlinkSync('../../tmp/mine/ctr', join(directory, 'usr/bin/other'));
  for (const path of ['/usr/bin/ctr', '/bin/ctr', '/tmp/mine/ctr', '/bin/other']) {
    expect(await whoElseWrites(host, path)).toBeUndefined();
  }
  expect(await whoElseWrites(host, '/bin/absent')).toBe('/usr/bin/absent: not there');
  // nothing that is not there is safe in a sticky directory: anybody can make it
  expect(await whoElseWrites(host, '/tmp')).toBe('/tmp may be written by others');
  chmodSync(join(directory, 'tmp'), 0o777);
  expect(await whoElseWrites(host, '/bin/other')).toBe('/tmp may be written by others');
  chmodSync(join(directory, 'usr/bin/ctr'), 0o775);
  expect(await whoElseWrites(host, '/bin/ctr')).toBe('/usr/bin/ctr may be written by others');
  rmSync(join(directory, 'bin'));
  symlinkSync('bin', join(directory, 'bin'));
  expect(await whoElseWrites(host, '/bin/ctr')).toContain('too many symbolic links');
});

test.skipIf(!root)("another user's file, directory or link is not safe (as root)", async () => {
  const directory = await emptyHost();
  const host = await HostRoot.open(directory);
  program(directory, '/home/nobody/ctr');
  chownSync(join(directory, 'home/nobody'), NOBODY.uid, NOBODY.gid);
  mkdirSync(join(directory, 'usr'));
  symlinkSync('/home/nobody/ctr', join(directory, 'usr/ctr'));
  const told = `/home/nobody belongs to user ${NOBODY.uid}`;
  expect(await whoElseWrites(host, '/usr/ctr')).toBe(told);
  expect(await whoElseWrites(host, '/home/nobody/ctr')).toBe(told);
});

test.skipIf(!root)('this machine: our own process is, and one of nobody is not (as root)', async () => {
  const host = await HostRoot.open('/');
  expect(await isNodesOwn(host, process.pid, { programs: ['node'] })).toBe(true);
  expect(await isNodesOwn(host, process.pid, { programs: ['containerd'] })).toBe(false);
});
