import { execFileSync, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ExitCode } from '../../src/base/errors.js';
import { BIN, coldcase, type Finished } from '../support/coldcase.js';
import { captureScene, identity, NAME, recipient, TAR, TARGET } from '../support/kubelet/capture-scene.js';
import { provedSha256, sha256 } from '../support/sealed.js';
import { MOUNTABLE } from '../support/small-disk.js';

const scene = captureScene();

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

  test.runIf(MOUNTABLE)('a full disk (needs root and mount)', async () => {
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

test('no manifest can be written: the sealed file and its hashes are named, and the original is kept', async () => {
  const sealed = join(scene.out, 'x.tar.zst.age');
  // a directory in which nobody can make a file, which only making one tells
  const place = ['-o', sealed, '--manifest', '/proc/m.json'];
  const args = ['capture', TARGET, ...scene.connection(), '-r', recipient, ...place];
  const { code, stdout, stderr } = await coldcase(args);
  expect(stderr).toContain('cannot write /proc/m.json');
  expect(stderr).toContain('the sealed file is complete, and was read back and proved');
  expect(stderr).toContain(`sealed  ${sealed}, `);
  expect(stderr).toContain(`sha256  ${sha256(readFileSync(sealed))}`);
  expect(stderr).toContain(`sha256  ${sha256(TAR)}`);
  expect(stderr).toContain('the original is still there, in plaintext');
  expect([code, stdout]).toEqual([ExitCode.notFound, '']);
  expect(await provedSha256(sealed, identity)).toBe(sha256(TAR));
  expect(readdirSync(scene.kubelet.checkpoints)).toEqual([NAME('cache')]);
});
