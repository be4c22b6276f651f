// What samples/README.md says is planted in podman-incident must be there to be seen, in one view or another.
import { beforeAll, expect, test } from 'vitest';
import type { Checkpoint } from '../../src/checkpoint/checkpoint.js';
import { credsView } from '../../src/views/creds.js';
import { envView } from '../../src/views/env.js';
import { filesView } from '../../src/views/files.js';
import { mapsView } from '../../src/views/maps.js';
import { psView } from '../../src/views/ps.js';
import { socketsView } from '../../src/views/sockets.js';
import { threadsView } from '../../src/views/threads.js';
import { sampleCheckpoint } from '../support/checkpoint.js';

let checkpoint: Checkpoint;
beforeAll(async () => {
  checkpoint = await sampleCheckpoint('podman-incident');
});

test('processes: the tree, the deleted program under a false name, the zombie', async () => {
  const rows = await psView.rows(checkpoint, {});
  expect(rows).toMatchObject([
    {
      pid: 1,
      ppid: 0,
      comm: 'python3',
      state: 'alive',
      command: 'python3 /opt/app/app.py',
      exe: '/usr/bin/python3.13',
      exeDeleted: false,
      threads: 2,
    },
    {
      pid: 3,
      ppid: 1,
      comm: 'sh',
      state: 'alive',
      command: '/bin/sh -i',
      exe: '/usr/bin/dash',
      exeDeleted: false,
    },
    {
      pid: 4,
      ppid: 1,
      comm: 'kworker/u8:2',
      state: 'alive',
      command: '/tmp/.x/xmrig',
      exe: '/tmp/.x/xmrig',
      exeDeleted: true,
    },
    { pid: 6, ppid: 1, comm: 'true', state: 'zombie', command: null, exe: null, exitCode: 0, threads: 0 },
  ]);
});

test('sockets: listeners of every family, the reverse shell on three descriptors, unread data', async () => {
  const rows = await socketsView.rows(checkpoint, {});
  const listeners = rows
    .filter(({ state }) => state === 'LISTEN')
    .map(({ pid, protocol, local, remote }) => ({ pid, protocol, local, remote }));
  expect(listeners).toEqual([
    { pid: 1, protocol: 'tcp', local: '0.0.0.0:8080', remote: null },
    { pid: 1, protocol: 'unix', local: '/tmp/app.sock', remote: null },
    { pid: 1, protocol: 'tcp6', local: '[::]:9090', remote: null },
    { pid: 1, protocol: 'tcp', local: '127.0.0.1:4444', remote: null },
  ]);
  expect(rows).toContainEqual(expect.objectContaining({ protocol: 'udp', local: '0.0.0.0:5353' }));
  const shell = rows.filter(({ pid }) => pid === 3);
  expect(shell.map(({ fd }) => fd)).toEqual([0, 1, 2]);
  for (const row of shell) {
    expect(row).toMatchObject({
      protocol: 'tcp',
      state: 'ESTABLISHED',
      remote: '127.0.0.1:4444',
      peer: { pid: 1, fd: 18 },
    });
  }
  expect(rows.find(({ fd, pid }) => pid === 1 && fd === 10)).toMatchObject({
    protocol: 'unix',
    receiveQueue: 37,
    peer: { pid: 1, fd: 9 },
  });
  expect(rows.find(({ fd, pid }) => pid === 1 && fd === 18)?.receiveQueue).toBe(1202);
});

test('files: deleted ones, pipe ends, epoll, eventfd, timerfd, the memory file', async () => {
  const rows = await filesView.rows(checkpoint, {});
  const at = (pid: number, fd: number) => rows.find((row) => row.pid === pid && row.fd === fd);
  expect(rows.filter(({ deleted }) => deleted).map(({ pid, fd, path }) => [pid, fd, path])).toEqual([
    [1, 12, '/tmp/ghost.log'],
    [4, 4, '/tmp/.x/loot.txt'],
  ]);
  expect(at(1, 12)).toMatchObject({ type: 'REG', size: 44, position: 44 });
  expect(at(1, 7)).toMatchObject({
    type: 'PIPE',
    path: 'pipe:[984775]',
    detail: 'read end',
    peers: [{ pid: 1, fd: 8 }],
  });
  expect(at(1, 8)).toMatchObject({ detail: 'write end', peers: [{ pid: 1, fd: 7 }] });
  expect(at(1, 11)).toMatchObject({ type: 'EVENTPOLL', detail: expect.stringContaining('fd 7') });
  expect(at(1, 14)).toMatchObject({ type: 'EVENTFD', detail: 'count 7' });
  expect(at(1, 15)).toMatchObject({ type: 'TIMERFD', detail: expect.stringContaining('CLOCK_MONOTONIC') });
  expect(at(4, 3)).toMatchObject({ type: 'MEMFD', path: '/memfd:payload', size: 20 });
  expect(rows.filter(({ fd }) => fd === 'cwd' || fd === 'root')).toHaveLength(6);
});

test('environment: the password, the preloaded library, the history that goes nowhere', async () => {
  const rows = await envView.rows(checkpoint, {});
  const value = (pid: number, name: string) =>
    rows.find((row) => row.pid === pid && row.name === name)?.value;
  expect(value(1, 'DB_PASSWORD')).toBe('correct-horse-battery');
  expect(value(3, 'LD_PRELOAD')).toBe('/tmp/.x/libhide.so');
  expect(value(3, 'HISTFILE')).toBe('/dev/null');
});

test('mappings: the one that can be written and run, files, heap and stack, shared memory', async () => {
  const rows = await mapsView.rows(checkpoint, { pid: 4 });
  expect(rows.filter(({ perms }) => perms === 'rwxp')).toEqual([
    expect.objectContaining({ pid: 4, kind: 'anonymous', path: null }),
  ]);
  expect(rows.filter(({ path }) => path === '/tmp/.x/xmrig').every(({ deleted }) => deleted)).toBe(true);
  expect(rows.map(({ kind }) => kind)).toEqual(
    expect.arrayContaining(['file', 'heap', 'stack', 'vdso', 'vvar']),
  );
  expect(rows.every(({ start, end }) => /^0x[0-9a-f]+$/.test(start) && BigInt(end) > BigInt(start))).toBe(
    true,
  );
  const shared = (await mapsView.rows(checkpoint, { pid: 1 })).filter(({ perms }) => perms.endsWith('s'));
  expect(shared).toContainEqual(expect.objectContaining({ kind: 'shared', size: 1024 * 1024 }));
});

test('threads and credentials', async () => {
  const threads = await threadsView.rows(checkpoint, {});
  expect(threads.map(({ pid, tid }) => [pid, tid])).toEqual([
    [1, 1],
    [1, 2],
    [3, 3],
    [4, 4],
  ]);
  // CRIU writes shared filters for the first thread alone
  expect(threads.every(({ seccomp }) => seccomp === 'filter')).toBe(true);
  const [first] = await credsView.rows(checkpoint, { pid: 1 });
  expect(first).toMatchObject({
    uid: 0,
    noNewPrivs: false,
    seccomp: 'filter',
    lsm: null,
    umask: '0022',
    hostNamespaces: ['cgroup', 'time', 'user'],
  });
  expect(first?.effective).toContain('CAP_SYS_CHROOT');
  expect(first?.cgroups).toContainEqual(
    expect.objectContaining({ controller: 'pids', path: expect.stringMatching(/^\/libpod_parent\//) }),
  );
});

test('root file system: the setuid file and the cron file; the deleted motd', async () => {
  const changed = await checkpoint.rootFsDiff();
  expect(changed.get('/usr/bin/.backdoor')?.mode).toBe(0o4755);
  expect([...changed.keys()]).toContain('/etc/cron.d-evil');
  expect((await checkpoint.container()).deletedFiles).toEqual(['/etc/motd']);
});
