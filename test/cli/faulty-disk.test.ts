import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decompress } from 'zstd-napi';
import { openArchive } from '../../src/archive/open.js';
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
const tar = join(root, 'plain.tar');
/** Where a bad sector is, within the memory of the sample. */
let sector = 0;
beforeAll(async () => {
  writeFileSync(tar, decompress(readFileSync(SAMPLE)));
  const archive = await openArchive(tar);
  sector = ((await archive.find(BIG))?.dataOffset ?? 0) + 300 * 1024;
  await archive.close();
});
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

  const READERS: readonly (readonly [name: string, words: readonly string[], named: string])[] = [
    ['ls', ['ls', 'TAR'], 'tar'],
    ['cat', ['cat', 'TAR', BIG], 'tar'],
    ['ps', ['ps', 'TAR'], 'tar'],
    ['core', ['core', 'TAR', '--pid', '1', '-o', 'NEW'], 'tar'],
    ['memory search', ['memory', 'search', 'TAR', 'no such text'], 'tar'],
    ['recover', ['recover', 'TAR', '-C', 'NEW'], 'tar'],
    ['seal, in threads', ['seal', 'TAR', '-r', RECIPIENT, '-o', 'NEW'], 'tar'],
    ['seal, of zstd', ['seal', SAMPLE, '-r', RECIPIENT, '-o', 'NEW'], SAMPLE],
    ['unseal', ['unseal', SEALED, ...KEY, '-o', 'NEW'], SEALED],
    ['verify', ['verify', SEALED, ...KEY], SEALED],
  ];
  test.each(READERS)('%s says where the archive could not be read, and what to do', (_, words, named) => {
    const path = named === 'tar' ? tar : named;
    const fault = { call: 'read', path: basename(path), from: 300_000, errno: EIO } as const;
    const to = join(root, 'new');
    const given = words.map((word) => (word === 'TAR' ? tar : word === 'NEW' ? to : word));
    const ran = disk?.run(fault, given);
    expect(ran?.stderr).toMatch(/^coldcase: cannot read \S+ at offset [0-9]{6,}: input\/output error/m);
    expect(ran?.stderr).toContain(`cannot read ${path} `);
    expect(ran?.stderr).toContain('ddrescue');
    expect(ran?.status).toBe(ExitCode.failed);
    expect(readdirSync(root).filter((name) => name.startsWith('new'))).toEqual([]);
  });

  test.each([
    ['extract', ['extract', '-', '-C', 'NEW']],
    ['seal', ['seal', '-', '-r', RECIPIENT, '-o', 'NEW']],
  ])('%s says so of standard input, a pipe', (_, words) => {
    const to = join(root, 'piped');
    const ran = disk?.run(
      { call: 'read', path: '0', from: 300_000, errno: EIO },
      words.map((word) => (word === 'NEW' ? to : word)),
      { input: readFileSync(tar) },
    );
    expect(ran?.stderr).toMatch(
      /^coldcase: cannot read standard input at offset 300000: input\/output error/,
    );
    expect(ran?.status).toBe(ExitCode.failed);
    rmSync(to, { recursive: true, force: true });
  });

  test.each([
    ['a file', tar],
    ['standard input', undefined],
  ])('a bad sector in an entry ends extract, which tells where and what it had extracted: %s', (_, file) => {
    const from = sector;
    const to = join(root, 'sector');
    const stdin = file === undefined ? { stdin: tar } : {};
    const ran = disk?.run(
      { call: 'read', path: 'plain.tar', from, to: from + 512, errno: EIO },
      ['extract', file ?? '-', '-C', to],
      stdin,
    );
    expect(ran?.stderr).toMatch(/^coldcase: cannot read \S.* at offset [0-9]+: input\/output error/);
    expect(ran?.stderr).toContain(`cannot read ${file ?? 'standard input'} at offset ${sector}: `);
    const [, made = ''] =
      /^entries extracted before, each complete: ([0-9]+)$/m.exec(ran?.stderr ?? '') ?? [];
    expect(Number(made)).toBe(readdirSync(to, { recursive: true }).length);
    expect(Number(made)).toBeGreaterThan(20);
    expect(ran?.status).toBe(ExitCode.failed);
    rmSync(to, { recursive: true });
  });

  test('a key, recipients or a token on such a disk are named', () => {
    const small = join(root, 'small.txt');
    for (const [words, name] of [
      [['ls', SEALED, '-i', small], 'identity file'],
      [['seal', tar, '-R', small, '-o', join(root, 'new')], 'recipients file'],
      [['verify', SEALED, ...KEY, '--manifest', small], 'manifest'],
      [['doctor', '--kubelet', 'https://127.0.0.1:1', '--token-file', small], 'token file'],
    ] as const) {
      writeFileSync(small, 'x\n', { mode: 0o600 });
      const ran = disk?.run({ call: 'read', path: 'small.txt', from: 0, errno: EIO }, words);
      expect(ran?.stderr).toContain(`coldcase: cannot read ${name} ${small}: input/output error`);
      expect(ran?.status).toBe(ExitCode.failed);
    }
  });
});
