import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ColdcaseError, ExitCode } from '../../src/base/errors.js';
import { CheckpointDirectory } from '../../src/kubelet/checkpoint-dir.js';

const ROOT = process.getuid?.() === 0;

let scratch: string;
let dir: string;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'coldcase-dir-'));
  dir = join(scratch, 'checkpoints');
  mkdirSync(dir, { mode: 0o700 });
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

async function exitCodeOf(promise: Promise<unknown>): Promise<number> {
  const error: unknown = await promise.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (error instanceof ColdcaseError) return error.exitCode;
  throw error;
}

async function takeCode(item: string): Promise<number> {
  const directory = await CheckpointDirectory.open(dir);
  try {
    return await exitCodeOf(directory.take(item));
  } finally {
    await directory.close();
  }
}

test('a regular file is taken, read by descriptor, and removed', async () => {
  const path = join(dir, 'checkpoint-a_b-c-2026-11-23T16:25:48+08:00.tar');
  writeFileSync(path, 'bytes');
  const directory = await CheckpointDirectory.open(`${dir}/`);
  const file = await directory.take(path);
  expect(file.size).toBe(5);
  expect((await file.handle.readFile()).toString()).toBe('bytes');
  await file.checkUnchanged();
  await file.remove();
  expect(existsSync(path)).toBe(false);
  await file.close();
  await directory.close();
});

test.each([
  ['.. in the path', () => `${dir}/../checkpoints/x.tar`],
  ['.. as the name', () => `${dir}/..`],
  ['a directory above', () => join(scratch, 'x.tar')],
  ['a directory below', () => join(dir, 'sub', 'x.tar')],
  ['a doubled slash', () => `${dir}//x.tar`],
  ['a trailing slash', () => `${dir}/x.tar/`],
  ['a name with an escape', () => `${dir}/x\x1b[2J.tar`],
  ['a hidden name', () => `${dir}/.x.tar`],
  ['elsewhere', () => '/etc/shadow'],
])('refused as unsafe: %s', async (_, item) => {
  writeFileSync(join(dir, 'x.tar'), 'x');
  writeFileSync(join(scratch, 'x.tar'), 'x');
  expect(await takeCode(item())).toBe(ExitCode.unsafe);
});

test('refused as unsafe: a symbolic link, also to a file beside it', async () => {
  writeFileSync(join(dir, 'real.tar'), 'x');
  symlinkSync('real.tar', join(dir, 'x.tar'));
  expect(await takeCode(join(dir, 'x.tar'))).toBe(ExitCode.unsafe);
});

test('refused as unsafe: a FIFO, without waiting on it', async () => {
  execFileSync('mkfifo', [join(dir, 'x.tar')]);
  expect(await takeCode(join(dir, 'x.tar'))).toBe(ExitCode.unsafe);
});

test('refused as unsafe: a directory', async () => {
  mkdirSync(join(dir, 'x.tar'));
  expect(await takeCode(join(dir, 'x.tar'))).toBe(ExitCode.unsafe);
});

test('refused as unsafe: a socket', async () => {
  const server = createServer().listen(join(dir, 'x.tar'));
  await new Promise((resolve) => server.once('listening', resolve));
  expect(await takeCode(join(dir, 'x.tar'))).toBe(ExitCode.unsafe);
  server.close();
});

test.runIf(ROOT)('refused as unsafe: a device (needs root)', async () => {
  execFileSync('mknod', [join(dir, 'x.tar'), 'c', '1', '3']);
  expect(await takeCode(join(dir, 'x.tar'))).toBe(ExitCode.unsafe);
});

test('an archive that is not there', async () => {
  expect(await takeCode(join(dir, 'x.tar'))).toBe(ExitCode.notFound);
});

test('a name that stands for another file meanwhile is not removed', async () => {
  const path = join(dir, 'x.tar');
  writeFileSync(path, 'first');
  const directory = await CheckpointDirectory.open(dir);
  const file = await directory.take(path);
  writeFileSync(join(dir, 'y'), 'second');
  renameSync(join(dir, 'y'), path);
  expect(await exitCodeOf(file.remove())).toBe(ExitCode.unsafe);
  expect(existsSync(path)).toBe(true);
  await file.close();
  await directory.close();
});

test('an archive that is written to meanwhile is noticed', async () => {
  const path = join(dir, 'x.tar');
  writeFileSync(path, 'first');
  linkSync(path, join(dir, 'z.tar'));
  const directory = await CheckpointDirectory.open(dir);
  const file = await directory.take(path);
  expect(file.otherNames).toBe(1);
  writeFileSync(path, 'second');
  expect(await exitCodeOf(file.checkUnchanged())).toBe(ExitCode.integrity);
  await file.close();
  await directory.close();
});

test('the directory: missing, a link, a file, writable by others', async () => {
  expect(await exitCodeOf(CheckpointDirectory.open(join(scratch, 'none')))).toBe(ExitCode.notFound);
  symlinkSync(dir, join(scratch, 'link'));
  expect(await exitCodeOf(CheckpointDirectory.open(join(scratch, 'link')))).toBe(ExitCode.unsafe);
  writeFileSync(join(scratch, 'file'), '');
  expect(await exitCodeOf(CheckpointDirectory.open(join(scratch, 'file')))).toBe(ExitCode.unsafe);
  chmodSync(dir, 0o777);
  expect(await exitCodeOf(CheckpointDirectory.open(dir))).toBe(ExitCode.unsafe);
});

test.runIf(ROOT)('the directory of another user is refused (needs root)', async () => {
  chownSync(dir, 12345, 12345);
  expect(await exitCodeOf(CheckpointDirectory.open(dir))).toBe(ExitCode.unsafe);
});

test.skipIf(ROOT)('the directory that may not be read (needs an ordinary user)', async () => {
  chmodSync(dir, 0);
  expect(await exitCodeOf(CheckpointDirectory.open(dir))).toBe(ExitCode.denied);
  chmodSync(dir, 0o700);
});

test('a name that becomes a link between looking and opening is not followed', {
  timeout: 30_000,
}, async () => {
  const secret = join(scratch, 'secret');
  writeFileSync(secret, 'secret');
  const path = join(dir, 'checkpoint-a.tar');
  writeFileSync(path, 'archive');
  const swapper = spawn(process.execPath, [
    '-e',
    `const fs = require('node:fs'), [path, secret] = process.argv.slice(1);
    for (;;) {
      fs.symlinkSync(secret, path + '.l'); fs.renameSync(path + '.l', path);
      fs.writeFileSync(path + '.f', 'archive'); fs.renameSync(path + '.f', path);
    }`,
    path,
    secret,
  ]);
  const directory = await CheckpointDirectory.open(dir);
  const seen = { archive: 0, refused: 0 };
  try {
    for (let time = performance.now(); performance.now() - time < 1500; ) {
      const file = await directory.take(path).catch((error: unknown) => {
        if (!(error instanceof ColdcaseError)) throw error;
        return undefined;
      });
      if (file === undefined) {
        seen.refused += 1;
        continue;
      }
      const text = await file.handle.readFile('utf8');
      await file.close();
      expect(text).not.toBe('secret');
      seen.archive += 1;
    }
  } finally {
    swapper.kill('SIGKILL');
    await once(swapper, 'close');
    await directory.close();
  }
  expect(seen.archive).toBeGreaterThan(0);
  expect(seen.refused).toBeGreaterThan(0);
});

test('below a host root the kubelet names the directory as its node knows it, and nothing else is taken', async () => {
  writeFileSync(join(dir, 'checkpoint-a.tar'), 'x', { mode: 0o600 });
  const directory = await CheckpointDirectory.open(dir, scratch);
  try {
    for (const item of ['/checkpoints/checkpoint-a.tar', join(dir, 'checkpoint-a.tar')]) {
      const file = await directory.take(item);
      expect(file.path).toBe(item);
      await file.close();
    }
    for (const item of [
      '/checkpoint-a.tar',
      '/elsewhere/checkpoint-a.tar',
      '/checkpoints/../checkpoints/checkpoint-a.tar',
    ]) {
      expect(await exitCodeOf(directory.take(item)), item).toBe(ExitCode.unsafe);
    }
  } finally {
    await directory.close();
  }
});
