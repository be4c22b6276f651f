import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { readMounts } from '../../../src/node/facts/mounts.js';
import { HostRoot } from '../../../src/node/host/root.js';

const root = process.getuid?.() === 0;
let other: ChildProcess | undefined;

afterEach(() => {
  other?.kill('SIGKILL');
  other = undefined;
});

/** A process that has a file system of its own mounted at /mnt, where only it sees it. */
async function inOtherMounts(): Promise<number> {
  const script = 'mount -t tmpfs tmpfs /mnt && echo theirs > /mnt/whose && echo ready && exec sleep 60';
  other = spawn('unshare', ['-m', 'sh', '-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const { stdout, pid } = other;
  if (stdout === null || pid === undefined) throw new Error('unshare did not start');
  await once(stdout, 'data');
  return pid;
}

describe('a host root', () => {
  test.runIf(process.platform === 'linux')(
    'of a process that lives where we do is this machine',
    async () => {
      expect((await HostRoot.open('/proc/self/root')).isThisMachine).toBe(true);
      expect((await HostRoot.open('/proc/self/root/')).isThisMachine).toBe(true);
    },
  );

  test.skipIf(!root)(
    `of a process with mounts of its own is that process's, as with /proc/1/root in a pod${root ? '' : ' (skipped: needs root)'}`,
    async () => {
      const pid = await inOtherMounts();
      for (const directory of [
        `/proc/${pid}/root`,
        `/proc/${pid}/task/${pid}/root`,
        `/proc/./${pid}/root/`,
      ]) {
        const host = await HostRoot.open(directory);
        expect(host.isThisMachine, directory).toBe(false);
        expect(await host.readText('/mnt/whose'), directory).toEqual({ ok: true, value: 'theirs\n' });
      }
      const mounts = await readMounts(await HostRoot.open(`/proc/${pid}/root`));
      expect(mounts.ok && mounts.value.some(({ point, type }) => point === '/mnt' && type === 'tmpfs')).toBe(
        true,
      );
      const below = await HostRoot.open(`/proc/${pid}/root/mnt`);
      expect(await below.readText('/whose')).toEqual({ ok: true, value: 'theirs\n' });
    },
  );
});
