import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ExitCode } from '../../src/base/errors.js';
import { BIN, type Finished } from '../support/coldcase.js';
import { captureScene, NAME, recipient, TARGET } from '../support/kubelet/capture-scene.js';

const scene = captureScene();
const ROOT = process.getuid?.() === 0;

describe('no room for the sealed copy: the original is kept, and nothing under the final name', () => {
  /** A shell line in which "$@" is the capture. */
  const inShell = (line: string, ...words: string[]) =>
    new Promise<Finished>((resolve) => {
      const args = ['capture', TARGET, ...scene.connection(), '-r', recipient, ...words];
      const child = spawn('sh', ['-c', line, 'sh', process.execPath, BIN, ...args]);
      let stderr = '';
      child.stderr.on('data', (chunk) => {
        stderr += chunk;
      });
      child.on('close', (code) => resolve({ code, stdout: '', stderr }));
    });

  test('a limit on the size of files', async () => {
    const { code, stderr } = await inShell('ulimit -f 40; "$@"', '-o', scene.out);
    expect(code).toBe(ExitCode.failed);
    expect(stderr).toContain('the original is still there');
    expect(readdirSync(scene.out)).toEqual([]);
    expect(readdirSync(scene.kubelet.checkpoints)).toEqual([NAME('cache')]);
  });

  test('standard output goes to a full device', async () => {
    const { code, stderr } = await inShell('"$@" > /dev/full', '-o', '-');
    expect(code).toBe(ExitCode.failed);
    expect(stderr).toContain('no space left');
    expect(readdirSync(scene.kubelet.checkpoints)).toEqual([NAME('cache')]);
  });

  const mountable =
    ROOT &&
    spawnSync('sh', ['-c', 'd=$(mktemp -d) && mount -t tmpfs none $d && umount $d && rmdir $d']).status === 0;
  test.runIf(mountable)('a full disk (needs root and mount)', async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'none', scene.out]);
    try {
      const { code, stderr } = await scene.capture();
      expect(code).toBe(ExitCode.failed);
      expect(stderr).toContain('no space left');
      expect(readdirSync(scene.out)).toEqual([]);
      expect(readdirSync(scene.kubelet.checkpoints)).toEqual([NAME('cache')]);
    } finally {
      execFileSync('umount', [scene.out]);
    }
  });
});
