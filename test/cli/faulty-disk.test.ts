import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ExitCode } from '../../src/base/errors.js';
import { faultyDisk } from '../support/faulty-disk.js';
import { samplePath } from '../support/samples.js';

const SAMPLE = samplePath('podman-incident');
const SEALED = samplePath('podman-incident', '.tar.zst.age');
const KEY = ['-i', SEALED.replace(/[^/]*$/, 'demo-key.txt')];
const RECIPIENT = /age1[a-z0-9]+/.exec(readFileSync(KEY[1] ?? '', 'utf8'))?.[0] ?? '';
const BIG = 'checkpoint/pages-2.img';

const disk = faultyDisk();
const root = mkdtempSync(join(tmpdir(), 'coldcase-faults-'));
afterAll(() => {
  disk?.remove();
  rmSync(root, { recursive: true });
});

/** What stays where a command failed: all that is complete. */
const filesIn = (path: string): string[] =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);

describe.runIf(disk !== undefined)('a disk that fails, through the real libuv (needs Linux and cc)', () => {
  const { EDQUOT, EIO, ESTALE } = constants.errno;
  const ERRORS: readonly (readonly [errno: number, words: RegExp, remedy: RegExp])[] = [
    [EDQUOT, /the disk quota is used up/, /quota -s/],
    [EIO, /input\/output error/, /dmesg/],
    [ESTALE, /the file server no longer knows it/, /mount it again/],
  ];
  const WRITERS: readonly (readonly [name: string, words: readonly string[], left: readonly string[]])[] = [
    ['extract', ['extract', SAMPLE, BIG, '-C', 'NEW'], []],
    ['extract --tar', ['extract', SAMPLE, BIG, '--tar', 'NEW'], []],
    ['core', ['core', SAMPLE, '--pid', '1', '-o', 'NEW'], []],
    ['recover -C', ['recover', SAMPLE, '-C', 'NEW'], ['ghost.log']],
    ['memory dump', ['memory', 'dump', SAMPLE, '--pid', '1', '-o', 'NEW'], []],
    ['seal', ['seal', SAMPLE, '-r', RECIPIENT, '-o', 'NEW'], []],
    ['unseal', ['unseal', SEALED, ...KEY, '-o', 'NEW'], []],
  ];
  test.each(WRITERS)('%s tells a quota, a bad disk and a lost server as what they are', (_, words, left) => {
    for (const [errno, problem, remedy] of ERRORS) {
      const to = join(root, 'written');
      mkdirSync(to);
      const fault = { call: 'write', path: to, from: 300_000, errno } as const;
      const { status, stderr } = disk?.run(
        fault,
        words.map((word) => (word === 'NEW' ? join(to, 'new') : word)),
      ) ?? { status: null, stderr: '' };
      expect(stderr).toMatch(/^coldcase: cannot write \S+: .*, after \S+ KiB/m);
      expect(stderr).toMatch(problem);
      expect(stderr).toMatch(remedy);
      expect(stderr).not.toMatch(/defect|unknown/i);
      expect(status).toBe(ExitCode.failed);
      expect(filesIn(to)).toEqual(left);
      rmSync(to, { recursive: true });
    }
  });

  test.each([
    ['a file', join(root, 'stdout')],
    ['a pipe', undefined],
  ])('and so does what is written to standard output, %s', (_, stdout) => {
    for (const [errno, problem] of ERRORS) {
      const fault = { call: 'write', path: '1', from: 300_000, errno } as const;
      const ran = disk?.run(fault, ['cat', SAMPLE, BIG], stdout === undefined ? {} : { stdout });
      expect(ran?.stderr).toMatch(/^coldcase: cannot write to standard output: /);
      expect(ran?.stderr).toMatch(problem);
      expect(ran?.status).toBe(ExitCode.failed);
    }
  });
});
