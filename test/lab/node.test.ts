import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readContainer } from '../../src/node/facts/container.js';
import { HostRoot } from '../../src/node/host/root.js';
import { coldcase } from '../support/coldcase.js';
import { hasLab, labRun, labTitle } from '../support/lab.js';

/** Holds what decides a dump: an established connection to itself, a lock, a deleted file of 2 MiB, 64 MiB. */
const WORKLOAD = `
import fcntl, os, socket, sys, time
memory = bytearray(os.urandom(1 << 20) * 64)
server = socket.create_server(('127.0.0.1', 0)); client = socket.create_connection(server.getsockname())
peer = server.accept()[0]
locked = open('/tmp/locked', 'w'); fcntl.lockf(locked, fcntl.LOCK_EX)
ghost = open('/tmp/ghost', 'wb'); ghost.write(bytes(2 << 20)); ghost.flush(); os.unlink('/tmp/ghost')
print('ready', flush=True); time.sleep(600)
`;

describe.skipIf(!hasLab)(`nodes ${labTitle}`, () => {
  const name = `coldcase-node-${process.pid}`;
  let id = '';
  let labRoot = '';

  let session: ChildProcess | undefined;

  // one session of the lab for all of it: podman's state is gone with the session
  beforeAll(async () => {
    const script = `podman run -d --name ${name} --network=none localhost/lab:latest python3 -c "$1" &&
      until podman logs ${name} | grep -q ready; do sleep 0.2; done; echo started; read; podman rm -f -t 0 ${name}`;
    session = spawn(process.env['COLDCASE_LAB'] ?? '', ['run', 'bash', '-c', script, '_', WORKLOAD], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let said = '';
    await new Promise<void>((resolve, reject) => {
      session?.stdout?.on('data', (data: Buffer) => {
        said += data.toString();
        if (said.includes('started')) resolve();
      });
      session?.on('close', (code) => reject(new Error(`the lab ended with ${code}`)));
    });
    id = /^[0-9a-f]{64}$/m.exec(said)?.[0] ?? '';
    // field 4 of the root's mount is where on its file system the lab's root lies
    labRoot =
      labRun(['cat', '/proc/self/mountinfo'])
        .toString()
        .split('\n')
        .map((line) => line.split(' '))
        .find((words) => words[4] === '/')?.[3] ?? '';
  }, 120_000);

  afterAll(async () => {
    const ended = new Promise((resolve) => session?.on('close', resolve));
    session?.stdin?.end('\n');
    await ended;
  }, 60_000);

  test('a real container through /proc: connections, locks, deleted files, memory', async () => {
    const facts = await readContainer(await HostRoot.open('/'), id);
    expect(facts).toMatchObject({
      establishedTcp: 2,
      locks: 1,
      terminal: false,
      devices: [],
      undumpable: [],
    });
    expect(facts?.deleted).toEqual([{ path: '/tmp/ghost', size: 2 << 20 }]);
    expect(facts?.load.memory).toBeGreaterThan(64 << 20);
    expect(facts?.load.memory).toBeLessThan(128 << 20);
    expect(facts?.seccompMode).toBe(2);
    expect(facts?.problems).toEqual([]);
  });

  test('the lab as a host root: its CRIU, crun and libcriu are found', async () => {
    const { stdout } = await coldcase(['doctor', '--host-root', labRoot, '--json']);
    const checks = new Map(
      JSON.parse(stdout).checks.map((check: { id: string; status: string; found: string }) => [
        check.id,
        check,
      ]),
    );
    expect(checks.get('runtime.criu')).toMatchObject({ status: 'pass' });
    expect(checks.get('runtime.criu')).toHaveProperty('found', expect.stringMatching(/sbin\/criu 4\./));
    expect(checks.get('runtime.criu-check')).toMatchObject({ status: 'unknown' });
  });
});

const root = process.getuid?.() === 0;

describe.skipIf(!root)(`this machine as root${root ? '' : ' (skipped: needs root)'}`, () => {
  test('the doctor knows swap, mounts, kernel and cgroups of this machine', async () => {
    const { stdout } = await coldcase(['doctor', '--json']);
    const checks: readonly { id: string; status: string; found: string }[] = JSON.parse(stdout).checks;
    const found = (id: string) => checks.find((check) => check.id === id);
    const release = readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim();
    expect(found('kernel.release')?.found).toContain(release);
    for (const id of [
      'kernel.cgroup',
      'plaintext.swap',
      'plaintext.filesystem',
      'plaintext.core',
      'space.free',
    ]) {
      expect(found(id)?.status, id).not.toBe('unknown');
    }
  });

  test('staging: a tmpfs of the asked size, only root, no swap; refused over files; taken away when empty', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'coldcase-stage-'));
    const doctor = (...words: readonly string[]) =>
      coldcase(['doctor', '--checkpoint-dir', directory, ...words]);
    const mounted = () =>
      readFileSync('/proc/self/mounts', 'utf8')
        .split('\n')
        .find((line) => line.includes(` ${directory} `));
    try {
      writeFileSync(join(directory, 'left.tar'), 'x');
      expect((await doctor('--stage', 'tmpfs', '--yes')).code).toBe(6);
      rmSync(join(directory, 'left.tar'));
      expect((await doctor('--stage', 'tmpfs')).code).toBe(2); // nobody to ask
      expect((await doctor('--stage', 'tmpfs', '--stage-size', '900T', '--yes')).code).toBe(6);
      expect(mounted()).toBeUndefined();
      expect((await doctor('--stage', 'tmpfs', '--stage-size', '16M', '--yes')).code).toBe(0);
      expect(mounted()).toMatch(/tmpfs .*nosuid,nodev,noexec.*size=16384k.*mode=700/);
      expect((await doctor('--stage', 'tmpfs', '--yes')).code).toBe(6);
      const { stdout } = await doctor('--filter', 'id=plaintext.filesystem', '--json');
      expect(stdout).toContain('in memory');
      writeFileSync(join(directory, 'archive.tar'), 'x');
      expect((await doctor('--unstage', '--yes')).code).toBe(6);
      rmSync(join(directory, 'archive.tar'));
      expect((await doctor('--unstage', '--yes')).code).toBe(0);
      expect(mounted()).toBeUndefined();
      expect((await doctor('--unstage', '--yes')).code).toBe(4);
    } finally {
      if (mounted() !== undefined) await doctor('--unstage', '--yes');
      rmSync(directory, { recursive: true });
    }
  });
});
