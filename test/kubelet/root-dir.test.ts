import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runningRootDir } from '../../src/kubelet/root-dir.js';

let proc: string;
beforeEach(() => {
  proc = mkdtempSync(join(tmpdir(), 'coldcase-proc-'));
  process_('self', {});
});
afterEach(() => rmSync(proc, { recursive: true }));

interface Facts {
  readonly comm?: string;
  readonly uid?: number;
  readonly mnt?: string;
  readonly words?: readonly string[];
}

/** A process below a directory that looks like procfs. */
function process_(pid: string, { comm = 'kubelet', uid = 0, mnt = 'mnt:[1]', words = [] }: Facts): void {
  const dir = join(proc, pid);
  mkdirSync(join(dir, 'ns'), { recursive: true });
  writeFileSync(join(dir, 'comm'), `${comm}\n`);
  writeFileSync(join(dir, 'status'), `Name:\t${comm}\nUid:\t${uid}\t${uid}\t${uid}\t${uid}\n`);
  writeFileSync(join(dir, 'cmdline'), `${['/usr/bin/kubelet', ...words].join('\0')}\0`);
  symlinkSync(mnt, join(dir, 'ns/mnt'));
  symlinkSync('pid:[1]', join(dir, 'ns/pid'));
}

test.each([[['--root-dir=/data/kubelet']], [['-v', '2', '--root-dir', '/data/kubelet', '--x']]])(
  'is read from the command line of the kubelet: %j',
  async (words) => {
    process_('7', { comm: 'sh', words: ['--root-dir=/wrong'] });
    process_('8', { words });
    expect(await runningRootDir(proc)).toBe('/data/kubelet');
  },
);

test('a process of a container, or of another user, that calls itself kubelet does not count', async () => {
  process_('7', { mnt: 'mnt:[2]', words: ['--root-dir=/evil'] });
  process_('8', { uid: 1000, words: ['--root-dir=/evil'] });
  expect(await runningRootDir(proc)).toBeUndefined();
});

test('without the flag, without a kubelet, without procfs', async () => {
  process_('9', { words: ['--root-dir=relative'] });
  expect(await runningRootDir(proc)).toBeUndefined();
  expect(await runningRootDir('/nowhere')).toBeUndefined();
});
