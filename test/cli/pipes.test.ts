import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { ExitCode } from '../../src/base/errors.js';
import { BIN, coldcase } from '../support/coldcase.js';
import { captureScene, identity, recipient, SEALED, TAR, TARGET } from '../support/kubelet/capture-scene.js';

const scene = captureScene();
const SEALED_SAMPLE = join(dirname(BIN), '../samples/podman-incident.tar.zst.age');
const scratch = mkdtempSync(join(tmpdir(), 'coldcase-pipes-'));
afterAll(() => rmSync(scratch, { recursive: true }));
const file = (name: string, text: string | Uint8Array): string => {
  writeFileSync(join(scratch, name), text, { mode: 0o600 });
  return join(scratch, name);
};

/** Runs a line of bash, where `coldcase` is the built one; returns what it prints. */
function bash(line: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const text = `coldcase() { '${process.execPath}' '${BIN}' "$@"; }\n${line}`;
  return new Promise((resolve) => {
    execFile('bash', ['-c', text], { cwd: scratch }, (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), stdout, stderr });
    });
  });
}

describe('process substitution', () => {
  test('a recipients file, and an identity that is never on a disk', async () => {
    file('a.tar', TAR);
    const sealed = await bash(`coldcase seal a.tar -R <(sleep 0.3; echo '${recipient}') -o a.age -q --force`);
    expect([sealed.code, sealed.stderr]).toEqual([0, '']);
    file('key', identity);
    const opened = await bash('coldcase unseal a.age -i <(sleep 0.3; cat key) -o - | cmp - a.tar');
    expect([opened.code, opened.stderr]).toEqual([0, '']);
    const piped = await bash('cat key | coldcase ls a.age -i - | head -1; coldcase keygen -y - < key');
    expect(piped.stdout.trim().split('\n').at(-1)).toBe(recipient);
    expect(piped.stderr).toBe('');
  });

  test('a token, a client certificate', async () => {
    const token = await bash(
      `coldcase capture ${TARGET} --kubelet ${scene.kubelet.url} --certificate-authority ${scene.kubelet.ca} ` +
        `--token-file <(echo good-token) --checkpoint-dir ${scene.kubelet.checkpoints} -r ${recipient} -o ${scene.out} -q`,
    );
    expect([token.code, token.stderr]).toEqual([0, '']);
    expect(readFileSync(join(scene.out, SEALED('cache'))).length).toBeGreaterThan(0);
    const pair = await bash(
      `coldcase capture ${TARGET} --kubelet ${scene.kubelet.url} --certificate-authority ${scene.kubelet.ca} ` +
        `--client-certificate <(cat ${scene.client}) --client-key ${scene.client} --checkpoint-dir ${scene.kubelet.checkpoints} ` +
        `-r ${recipient} -o ${scene.out} -q --force`,
    );
    expect([pair.code, pair.stderr]).toEqual([0, '']);
  });
});

describe('a FIFO that nobody writes to', () => {
  const fifo = join(scratch, 'fifo');
  execFileSync('mkfifo', ['-m', '600', fifo]);

  test.each([
    ['-i', () => ['unseal', file('any.age', 'x'), '-i', fifo, '-o', '-'], 'SIGINT'],
    ['-i of a reading command', () => ['ls', SEALED_SAMPLE, '-i', fifo], 'SIGTERM'],
    ['-R', () => ['seal', file('any.tar', TAR), '-R', fifo], 'SIGINT'],
    ['-y', () => ['keygen', '-y', fifo], 'SIGINT'],
    [
      '--token-file',
      () => ['capture', TARGET, '--token-file', fifo, '-r', recipient, '-o', scratch],
      'SIGINT',
    ],
    [
      '--kubeconfig',
      () => ['capture', TARGET, '--kubeconfig', fifo, '-r', recipient, '-o', scratch],
      'SIGTERM',
    ],
  ] as const)('%s waits, and a signal ends it at once', async (_, words, signal) => {
    let stopped = 0;
    const { code, stdout, stderr } = await coldcase(words(), {
      started: async (child) => {
        await wait(900);
        expect(child.exitCode).toBeNull(); // a writer may come yet
        stopped = performance.now();
        child.kill(signal);
      },
    });
    expect(performance.now() - stopped).toBeLessThan(1500);
    expect([code, stdout, stderr]).toEqual([ExitCode.interrupted, '', `coldcase: stopped by ${signal}\n`]);
  });

  test('a writer that comes late is waited for', async () => {
    const late = execFile('bash', ['-c', `sleep 1; echo '${identity}' > '${fifo}'`]);
    const { code, stdout } = await coldcase(['keygen', '-y', fifo]);
    late.kill();
    expect([code, stdout]).toEqual([0, `${recipient}\n`]);
  });
});

test('a device without end is no file of identities or recipients', async () => {
  for (const words of [
    ['keygen', '-y', '/dev/zero'],
    ['seal', file('any.tar', TAR), '-R', '/dev/zero'],
  ]) {
    const { code, stderr } = await coldcase(words);
    expect(code).toBe(ExitCode.failed);
    expect(stderr).toContain('/dev/zero is too large');
  }
});
