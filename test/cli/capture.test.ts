import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ExitCode } from '../../src/base/errors.js';
import { BIN, coldcase, type Finished } from '../support/coldcase.js';
import {
  captureScene,
  identity,
  NAME,
  recipient,
  SEALED,
  TAR,
  TARGET,
} from '../support/kubelet/capture-scene.js';
import { provedSha256, sha256 } from '../support/sealed.js';

const scene = captureScene();

describe('a capture', () => {
  test('seals, proves, removes the original, and prints a receipt', async () => {
    const { code, stdout, stderr } = await scene.capture();
    expect(stderr).toBe('');
    expect(code).toBe(ExitCode.done);
    expect(readdirSync(scene.out).sort()).toEqual([SEALED('cache'), `${SEALED('cache')}.json`]);
    expect(readdirSync(scene.kubelet.checkpoints)).toEqual([]);
    const sealed = join(scene.out, SEALED('cache'));
    expect(await provedSha256(sealed, identity)).toBe(sha256(TAR));
    expect(statSync(sealed).mode & 0o777).toBe(0o600);
    expect(statSync(`${sealed}.json`).mode & 0o777).toBe(0o600);
    for (const part of [TARGET, sealed, sha256(TAR), sha256(readFileSync(sealed)), recipient, 'removed']) {
      expect(stdout).toContain(part);
    }
    expect(
      Math.max(
        ...stdout
          .split('\n')
          .filter((line) => !line.includes('/'))
          .map((line) => line.length),
      ),
    ).toBeLessThan(81);
  });

  test('records what coldcase node says of the node, unless told not to', async () => {
    const manifestOf = () => JSON.parse(readFileSync(join(scene.out, `${SEALED('cache')}.json`), 'utf8'));
    await scene.capture();
    const { context } = manifestOf().capture.node;
    expect(Object.keys(context)).toEqual(
      expect.arrayContaining(['kubelet', 'kernel', 'runtime', 'swap', 'status', 'config', 'paths']),
    );
    expect(context.kubelet.version).toBe('v1.36.0');
    expect(context.paths.every(({ content }: { content: unknown }) => content === null)).toBe(true);
    await scene.capture('--no-node-context', '--force');
    expect(manifestOf().capture.node).not.toHaveProperty('context');
    expect(manifestOf().capture.node).toMatchObject({ name: 'node-a' });
  });

  test('records who was asked, what was answered, and what is known of node and pod', async () => {
    await scene.capture('--timeout', '1m30s');
    const manifest = JSON.parse(readFileSync(join(scene.out, `${SEALED('cache')}.json`), 'utf8'));
    expect(manifest.capture).toMatchObject({
      endpoint: scene.kubelet.url,
      namespace: 'prod',
      pod: 'payments-node-a',
      container: 'cache',
      request: {
        method: 'POST',
        path: '/checkpoint/prod/payments-node-a/cache?timeout=90',
        timeoutSeconds: 90,
      },
      answer: { status: 200, items: [join(scene.kubelet.checkpoints, NAME('cache'))] },
      node: { name: 'node-a', kubeletVersion: 'v1.36.0', containerRuntime: 'containerd' },
      podMetadata: { uid: '0f8fad5b-d9cb-469f-a165-70867728950e', labels: { app: 'payments-node-a' } },
    });
    expect(manifest.capture.node.kernel).toMatch(/^\d/);
    expect(manifest.proved).toBe(true);
    expect(readFileSync(join(scene.out, `${SEALED('cache')}.json`), 'utf8')).not.toContain('PRIVATE');
  });

  test('--json is the receipt as one object', async () => {
    const { stdout } = await scene.capture('--json');
    const receipt = JSON.parse(stdout);
    expect(receipt.failures).toEqual([]);
    expect(receipt.captured).toMatchObject([
      {
        container: 'cache',
        path: join(scene.out, SEALED('cache')),
        tar: { size: TAR.length, sha256: sha256(TAR) },
        recipients: [recipient],
        proved: true,
        original: { path: join(scene.kubelet.checkpoints, NAME('cache')), size: TAR.length, removed: true },
        warnings: [],
      },
    ]);
  });

  test('--keep-original keeps it, --quiet prints nothing', async () => {
    const { code, stdout, stderr } = await scene.capture('--keep-original', '--quiet');
    expect([code, stdout, stderr]).toEqual([0, '', '']);
    expect(readdirSync(scene.kubelet.checkpoints)).toEqual([NAME('cache')]);
  });

  test('-o with a slash makes the directory, 0700; -o with a file names it', async () => {
    await coldcase(['capture', TARGET, ...scene.connection(), '-r', recipient, '-o', `${scene.out}/new/`]);
    expect(readdirSync(join(scene.out, 'new'))).toContain(SEALED('cache'));
    expect(statSync(join(scene.out, 'new')).mode & 0o777).toBe(0o700);
    const { code } = await coldcase([
      'capture',
      TARGET,
      ...scene.connection(),
      '-r',
      recipient,
      '-o',
      join(scene.out, 'x.age'),
    ]);
    expect(code).toBe(0);
    expect(readdirSync(scene.out).sort()).toEqual(['new', 'x.age', 'x.age.json']);
  });

  test('-o - streams the sealed file, keeps the original, and says so', async () => {
    const sealed = join(scene.out, 'streamed.age');
    const words = [
      'capture',
      TARGET,
      ...scene.connection(),
      '-r',
      recipient,
      '-o',
      '-',
      '--manifest',
      `${sealed}.json`,
    ];
    const script = `"$0" "$@" > ${sealed}`;
    const child = spawn('sh', ['-c', script, process.execPath, BIN, ...words]);
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect(code).toBe(0);
    expect(await provedSha256(sealed, identity)).toBe(sha256(TAR));
    expect(JSON.parse(readFileSync(`${sealed}.json`, 'utf8'))).toMatchObject({ proved: false });
    expect(readdirSync(scene.kubelet.checkpoints)).toEqual([NAME('cache')]);
    expect(stderr).toContain('was kept');
  });

  test('a reader that goes away is an error, and the original is kept', async () => {
    const words = ['capture', TARGET, ...scene.connection(), '-r', recipient, '-o', '-'];
    const { code, stderr } = await coldcase(words, { started: (child) => child.stdout?.destroy() });
    expect(code).toBe(ExitCode.failed);
    expect(stderr).toContain('the original is still there');
    expect(readdirSync(scene.kubelet.checkpoints)).toEqual([NAME('cache')]);
  });

  test('every archive that the answer names is taken', async () => {
    scene.answer = (dir) => {
      writeFileSync(join(dir, 'checkpoint-payments-node-a_prod-cache-1.tar'), TAR);
      writeFileSync(join(dir, 'checkpoint-payments-node-a_prod-cache-2.tar'), TAR);
      return JSON.stringify({
        items: [1, 2].map((n) => `${dir}/checkpoint-payments-node-a_prod-cache-${n}.tar`),
      });
    };
    const { code } = await scene.capture();
    expect(code).toBe(0);
    expect(readdirSync(scene.out).length).toBe(4);
    expect(readdirSync(scene.kubelet.checkpoints)).toEqual([]);
  });
});

describe('a whole pod', () => {
  const pod = (): Promise<Finished> =>
    coldcase([
      'capture',
      'prod/payments-node-a',
      ...scene.connection(),
      '-r',
      recipient,
      '-o',
      scene.out,
      '--json',
    ]);

  test('every container that runs, one sealed file each', async () => {
    const { code, stdout } = await pod();
    expect(code).toBe(0);
    const containers = JSON.parse(stdout).captured.map((one: { container: string }) => one.container);
    expect(containers).toEqual(['api', 'cache', 'debugger']);
    expect(readdirSync(scene.out).length).toBe(6);
    expect(readdirSync(scene.kubelet.checkpoints)).toEqual([]);
  });

  test('one that fails does not lose the others, and the exit code tells', async () => {
    const { checkpoint } = scene.kubelet.state;
    scene.kubelet.state.checkpoint = async (...what) => {
      if (what[2] === 'api') throw new Error('rpc error: code = Unknown desc = no');
      return checkpoint(...what);
    };
    const { code, stdout, stderr } = await pod();
    scene.kubelet.state.checkpoint = checkpoint;
    expect(code).toBe(ExitCode.failed);
    const { captured, failures } = JSON.parse(stdout);
    expect(captured.map((one: { container: string }) => one.container)).toEqual(['cache', 'debugger']);
    expect(failures).toMatchObject([{ container: 'api', exitCode: 1 }]);
    expect(stderr).toContain('prod/payments-node-a/api: coldcase: the checkpoint of');
  });

  test('one output file for several containers is refused before any is captured', async () => {
    const seen = scene.kubelet.requests.filter((line) => line.startsWith('POST')).length;
    const words = [
      'capture',
      'prod/payments-node-a',
      ...scene.connection(),
      '-r',
      recipient,
      '-o',
      join(scene.out, 'x.age'),
    ];
    const { code } = await coldcase(words);
    expect(code).toBe(ExitCode.usage);
    expect(scene.kubelet.requests.filter((line) => line.startsWith('POST')).length).toBe(seen);
    scene.nothingHappened();
  });
});
