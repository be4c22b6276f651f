import { execFileSync, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ExitCode } from '../../src/base/errors.js';
import { BIN, CAN_BE_NOBODY, coldcase, NOBODY } from '../support/coldcase.js';
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
const ROOT = process.getuid?.() === 0;

describe('bad input: nothing is sealed or removed', () => {
  const item = (name: string): string => JSON.stringify({ items: [`${scene.kubelet.checkpoints}/${name}`] });

  test('an archive that is still written to is sealed, and kept', async () => {
    const original = join(scene.kubelet.checkpoints, NAME('cache'));
    const { code, stderr } = await coldcase(
      ['capture', TARGET, ...scene.connection(), '-r', recipient, '-o', scene.out],
      {
        started: (child) => {
          const clock = setInterval(() => {
            if (!readdirSync(scene.out).some((name) => name.endsWith('.partial'))) return;
            clearInterval(clock);
            appendFileSync(original, 'more');
          }, 1);
          child.on('close', () => clearInterval(clock));
        },
      },
    );
    expect(code).toBe(ExitCode.integrity);
    expect(stderr).toContain('changed while it was read');
    expect(stderr).toContain('the original is still there, in plaintext');
    expect(readFileSync(original).length).toBe(TAR.length + 4);
  });

  test('what a kubelet says cannot move the cursor', async () => {
    const { checkpoint } = scene.kubelet.state;
    scene.kubelet.state.checkpoint = async () => {
      throw new Error('rpc error: \x1b[2J\x1b]0;owned\x07 \u202egnp.exe');
    };
    const { code, stdout, stderr } = await scene.capture('--json');
    scene.kubelet.state.checkpoint = checkpoint;
    expect(code).toBe(ExitCode.failed);
    expect(stderr).toContain('\\u001b[2J');
    expect(stdout + stderr).toMatch(/^(?:[^\p{Cc}\u202e]|\n)*$/u);
    expect(JSON.parse(stdout).failures[0].details.join()).toContain('\x1b[2J');
    scene.nothingHappened();
  });

  test('broken JSON', async () => {
    scene.answer = () => '{"items":["';
    expect((await scene.capture()).code).toBe(ExitCode.failed);
    scene.nothingHappened();
  });

  test('.. in the path', async () => {
    writeFileSync(join(scene.kubelet.root, 'x.tar'), TAR);
    scene.answer = () => item('../x.tar');
    expect((await scene.capture()).code).toBe(ExitCode.unsafe);
    scene.nothingHappened();
    expect(existsSync(join(scene.kubelet.root, 'x.tar'))).toBe(true);
  });

  test('a symlink', async () => {
    writeFileSync(join(scene.kubelet.root, 'x.tar'), TAR);
    symlinkSync('../x.tar', join(scene.kubelet.checkpoints, 'x.tar'));
    scene.answer = () => item('x.tar');
    expect((await scene.capture()).code).toBe(ExitCode.unsafe);
    scene.nothingHappened(['x.tar']);
  });

  test('a FIFO, which would make a reader wait for ever', async () => {
    execFileSync('mkfifo', [join(scene.kubelet.checkpoints, 'x.tar')]);
    scene.answer = () => item('x.tar');
    expect((await scene.capture()).code).toBe(ExitCode.unsafe);
    scene.nothingHappened(['x.tar']);
  });

  test('a directory', async () => {
    mkdirSync(join(scene.kubelet.checkpoints, 'x.tar'));
    scene.answer = () => item('x.tar');
    expect((await scene.capture()).code).toBe(ExitCode.unsafe);
    scene.nothingHappened(['x.tar']);
  });

  test.runIf(ROOT)('a device (needs root)', async () => {
    execFileSync('mknod', [join(scene.kubelet.checkpoints, 'x.tar'), 'c', '1', '5']);
    scene.answer = () => item('x.tar');
    expect((await scene.capture()).code).toBe(ExitCode.unsafe);
    scene.nothingHappened(['x.tar']);
  });

  test('one unsafe item among good ones: none is taken', async () => {
    writeFileSync(join(scene.kubelet.checkpoints, 'good.tar'), TAR);
    scene.answer = (dir) => JSON.stringify({ items: [`${dir}/good.tar`, '/etc/shadow'] });
    const { code, stderr } = await scene.capture();
    expect(code).toBe(ExitCode.unsafe);
    expect(stderr).toContain('the original is still there');
    scene.nothingHappened(['good.tar']);
  });

  test('something that is no tar, and a tar that was cut', async () => {
    scene.answer = (dir) => {
      writeFileSync(join(dir, 'x.tar'), 'this is no tar');
      return item('x.tar');
    };
    expect((await scene.capture()).code).toBe(ExitCode.integrity);
    scene.nothingHappened(['x.tar']);
    scene.answer = (dir) => {
      writeFileSync(join(dir, 'x.tar'), TAR.subarray(0, TAR.length - 5000));
      return item('x.tar');
    };
    expect((await scene.capture()).code).toBe(ExitCode.integrity);
    scene.nothingHappened(['x.tar']);
  });

  test('the checkpoint directory is missing: the kubelet is not asked for a checkpoint', async () => {
    rmdirSync(scene.kubelet.checkpoints);
    const seen = scene.kubelet.requests.length;
    const { code, stderr } = await scene.capture();
    mkdirSync(scene.kubelet.checkpoints, { mode: 0o700 });
    expect(code).toBe(ExitCode.notFound);
    expect(stderr).toContain('does not exist on this machine');
    expect(scene.kubelet.requests.slice(seen).filter((line) => line.startsWith('POST'))).toEqual([]);
  });

  test('the checkpoint directory is missing because the feature is off', async () => {
    rmdirSync(scene.kubelet.checkpoints);
    scene.kubelet.state.checkpoints = false;
    const { code, stderr } = await scene.capture();
    scene.kubelet.state.checkpoints = true;
    mkdirSync(scene.kubelet.checkpoints, { mode: 0o700 });
    expect(code).toBe(ExitCode.notFound);
    expect(stderr).toContain('ContainerCheckpoint: true');
  });

  test.skipIf(ROOT)('the checkpoint directory may not be read (needs an ordinary user)', async () => {
    chmodSync(scene.kubelet.checkpoints, 0);
    const { code } = await scene.capture();
    chmodSync(scene.kubelet.checkpoints, 0o700);
    expect(code).toBe(ExitCode.denied);
  });

  test.runIf(CAN_BE_NOBODY)(
    'the checkpoint directory may not be read (as an ordinary user, by root)',
    async () => {
      // the scratch directory and the credentials are opened for everybody, the checkpoint directory is not
      chmodSync(join(scene.kubelet.root, '..'), 0o755);
      chmodSync(scene.client, 0o644);
      chmodSync(scene.kubelet.ca, 0o644);
      const dir = join(scene.kubelet.root, '../nobody');
      mkdirSync(dir);
      execFileSync('chown', ['65534', dir]);
      const words = [BIN, 'capture', TARGET, ...scene.connection(), '-r', recipient, '-o', dir];
      const { status, stderr } = spawnSync(process.execPath, words, {
        ...NOBODY,
        encoding: 'utf8',
      });
      expect(stderr).toContain('may not be read by this user');
      expect(status).toBe(ExitCode.denied);
    },
  );

  test('no recipient, bad recipients, a recipients file that anybody may write', async () => {
    const seen = scene.kubelet.requests.length;
    const run = (...words: string[]) =>
      coldcase(['capture', TARGET, ...scene.connection(), '-o', scene.out, ...words]);
    expect((await run()).code).toBe(ExitCode.usage);
    expect((await run('-r', 'age1nonsense')).code).toBe(ExitCode.usage);
    const secret = await run('-r', identity);
    expect(secret.code).toBe(ExitCode.usage);
    expect(secret.stderr).not.toContain(identity);
    const file = scene.kubelet.file('recipients', `${recipient}\n`);
    chmodSync(file, 0o666);
    expect((await run('-R', file)).code).toBe(ExitCode.unsafe);
    chmodSync(file, 0o600);
    expect(scene.kubelet.requests.length).toBe(seen);
    scene.nothingHappened();
    expect((await run('-R', file)).code).toBe(0);
  });

  test('the output exists: nobody is asked; --force replaces it', async () => {
    const file = join(scene.out, 'x.age');
    writeFileSync(file, 'evidence of another case');
    const seen = scene.kubelet.requests.length;
    const run = (...words: string[]) =>
      coldcase(['capture', TARGET, ...scene.connection(), '-r', recipient, '-o', file, ...words]);
    expect((await run()).code).toBe(ExitCode.unsafe);
    expect(readFileSync(file, 'utf8')).toBe('evidence of another case');
    expect(scene.kubelet.requests.length).toBe(seen);
    expect((await run('--force')).code).toBe(0);
    expect(await provedSha256(file, identity)).toBe(sha256(TAR));
  });

  test('the output exists in a directory, under the name that only the answer tells', async () => {
    writeFileSync(join(scene.out, SEALED('cache')), 'evidence of another case');
    const { code, stderr } = await scene.capture();
    expect(code).toBe(ExitCode.unsafe);
    expect(stderr).toContain('the original is still there, in plaintext');
    expect(readdirSync(scene.kubelet.checkpoints)).toEqual([NAME('cache')]);
  });

  test('the directory of the output is missing', async () => {
    const seen = scene.kubelet.requests.length;
    const run = await coldcase([
      'capture',
      TARGET,
      ...scene.connection(),
      '-r',
      recipient,
      '-o',
      join(scene.out, 'no/x.age'),
    ]);
    expect(run.code).toBe(ExitCode.notFound);
    expect(scene.kubelet.requests.length).toBe(seen);
  });
});
