import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ExitCode } from '../../src/base/errors.js';
import { CAN_BE_NOBODY, NOBODY } from '../support/coldcase.js';
import { buildImage, encode } from '../support/criu-image.js';
import { sampleFiles } from '../support/memory-archive.js';
import { block, rawHeader } from '../support/raw-tar.js';
import { MOUNTABLE, type Ran, runLimited, withDirectory } from '../support/small-disk.js';

let directory = '';
const out = (...names: string[]): string => join(directory, 'out', ...names);
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'coldcase-bad-'));
});
// not rmSync: it cannot go as deep as these tests do
afterEach(() => spawnSync('rm', ['-rf', directory]));

const file = (name: string, text: string): Buffer[] => [
  rawHeader({ name, size: Buffer.byteLength(text) }),
  block(text),
];

/** A pax header before the next one. */
function pax(...records: readonly (readonly [key: string, value: string])[]): Buffer[] {
  const body = records.map(([key, value]) => {
    const rest = ` ${key}=${value}\n`;
    let length = Buffer.byteLength(rest);
    while (length !== Buffer.byteLength(rest) + String(length).length)
      length = Buffer.byteLength(rest) + String(length).length;
    return `${length}${rest}`;
  });
  const text = body.join('');
  return [rawHeader({ name: 'x', size: Buffer.byteLength(text), flag: 'x' }), block(text)];
}

const longNamed = (path: string, text = 'x'): Buffer[] => [...pax(['path', path]), ...file('short', text)];
const link = (target: string): Buffer[] => [
  ...pax(['linkpath', target]),
  rawHeader({ name: 'bad', size: 0, flag: '2', link: 'short' }),
];

function tar(...blocks: Buffer[]): string {
  const path = join(directory, 'x.tar');
  writeFileSync(path, Buffer.concat([...blocks, Buffer.alloc(1024)]));
  return path;
}

/** Extracts what is between two good entries, with limits of the shell; they are there afterwards, whatever it is. */
function between(blocks: readonly Buffer[], { limits = '', pipe = false, words = [] as string[] } = {}): Ran {
  const path = tar(...file('first', 'one'), ...blocks, ...file('last', 'two'));
  const args = ['extract', pipe ? '-' : path, '-C', out(), ...words];
  const ran = runLimited(limits, args, pipe ? readFileSync(path) : undefined);
  expect(ran.stderr).not.toContain('defect');
  expect([readFileSync(out('first'), 'utf8'), readFileSync(out('last'), 'utf8')]).toEqual(['one', 'two']);
  expect(readdirSync(out()).filter((name) => name.endsWith('.partial'))).toEqual([]);
  return ran;
}

const sparse = (size: number): Buffer[] => [
  ...pax(['GNU.sparse.size', String(size)], ['GNU.sparse.map', '0,4']),
  ...file('bad', 'abcd'),
];

describe('one bad entry costs itself', () => {
  describe.each([
    ['a file', false],
    ['a pipe', true],
  ])('from %s', (_from, pipe) => {
    test.each<[what: string, blocks: Buffer[], reason: string, limits?: string]>([
      ['a name of 256 bytes', longNamed('n'.repeat(256)), 'a name that no file can have'],
      ['a directory of 256 bytes', longNamed(`${'n'.repeat(256)}/bad`), 'a name that no file can have'],
      ['a NUL in a pax path', longNamed('b\0ad'), 'a name that no file can have'],
      ['a NUL in a pax linkpath', link('b\0ad'), 'a symlink whose target has a NUL in it'],
      ['a link target of 4,096 bytes', link('t'.repeat(4096)), 'longer than any can be (4096 bytes)'],
      ['a link target of 500,000 bytes', link('t/'.repeat(250_000)), 'longer than any can be (500000 bytes)'],
      ['a sparse size of 2^52', sparse(2 ** 52), 'larger than a file can be there', 'ulimit -f 700;'],
      ['a file beyond the limit', file('bad', 'x'.repeat(1 << 20)), 'larger than a file', 'ulimit -f 700;'],
      ['a file below a file', file('first/bad', 'x'), 'first is in the way: not a directory'],
    ])('%s is left out by name, the rest extracted, exit code 6', (_what, blocks, reason, limits) => {
      const { status, stderr } = between(blocks, { pipe, ...(limits === undefined ? {} : { limits }) });
      expect(stderr).toMatch(/^left out: \S/);
      expect(stderr).toContain(reason);
      expect(stderr).toContain('1 of 3 entries were left out\n');
      expect(stderr.length).toBeLessThan(2000);
      expect(status).toBe(ExitCode.unsafe);
      expect(readdirSync(out()).sort()).toEqual(['first', 'last']);
    });

    test('names of 200 to 255 bytes are extracted, ASCII or not', () => {
      const names = [200, 233, 234, 245, 254, 255].map((length) => 'n'.repeat(length));
      names.push('é'.repeat(127), '漢'.repeat(85));
      const { status, stderr } = between(
        names.flatMap((name) => longNamed(name, name)),
        { pipe },
      );
      expect([status, stderr]).toEqual([ExitCode.done, '']);
      for (const name of names) expect(readFileSync(out(name), 'utf8')).toBe(name);
    });

    test('5,000 levels with 256 descriptors', { timeout: 120_000 }, () => {
      const deep = (levels: number): string => 'd/'.repeat(levels);
      const blocks = [
        ...longNamed(`${deep(5000)}bottom`, 'down here'),
        // up again, level by level, as an archive has it whose directories come before files
        ...Array.from({ length: 40 }, (_, index) => longNamed(`${deep(4999 - index)}file`, 'x')).flat(),
        ...longNamed(`${deep(3)}file`, 'x'),
      ];
      const { status, stderr } = between(blocks, { pipe, limits: 'ulimit -n 256;' });
      expect([status, stderr]).toEqual([ExitCode.done, '']);
      const found = spawnSync('find', ['.', '-type', 'f'], {
        cwd: out(),
        encoding: 'utf8',
        maxBuffer: 1 << 28,
      });
      const paths = found.stdout.trimEnd().split('\n');
      expect(paths).toHaveLength(2 + 42);
      expect(paths).toContain(`./${deep(5000)}bottom`);
    });
  });

  test('a tree of 1,000 directories within one another, each an entry of its own, with their times', () => {
    const path = (levels: number): string => Array.from({ length: levels }, () => 'd').join('/');
    const blocks = Array.from({ length: 1000 }, (_, index) => [
      ...pax(['path', path(index + 1)]),
      rawHeader({ name: 'd', size: 0, flag: '5', mtime: 1_000_000_000 + index }),
    ]).flat();
    const { status, stderr } = between(blocks, { limits: 'ulimit -n 256;' });
    expect([status, stderr]).toEqual([ExitCode.done, '']);
    expect(statSync(out(path(1))).mtimeMs).toBe(1_000_000_000_000);
    expect(statSync(out(path(900))).mtimeMs).toBe(1_000_000_899_000);
  });

  test('a link that cannot be made does not cost what --force would have replaced', () => {
    mkdirSync(out(), { recursive: true });
    writeFileSync(out('bad'), 'old');
    const { status } = between(link('t'.repeat(5000)), { words: ['--force'] });
    expect(status).toBe(ExitCode.unsafe);
    expect(readFileSync(out('bad'), 'utf8')).toBe('old');
    expect(between(link('to'), { words: ['--force'] }).status).toBe(ExitCode.done);
    expect(readlinkSync(out('bad'))).toBe('to');
    expect(lstatSync(out('bad')).mtimeMs).toBe(0);
  });

  test('several of them: each by its name, once', () => {
    mkdirSync(out(), { recursive: true });
    symlinkSync('..', out('l'));
    const { status, stderr } = between([
      ...file('l/x', 'x'),
      ...link('/etc'),
      rawHeader({ name: 'dev', size: 0, flag: '3' }),
    ]);
    expect(stderr.split('\n').filter((line) => line.startsWith('left out: '))).toEqual([
      'left out: l/x: l is in the way: not a directory',
      'left out: bad: a symlink that may lead outside (/etc)',
      'left out: dev: a character device',
    ]);
    expect(stderr).toContain('3 of 5 entries were left out');
    expect(status).toBe(ExitCode.unsafe);
  });

  test('thousands of them are counted, and the first thousand named', () => {
    const blocks = Array.from({ length: 1500 }, (_, index) =>
      rawHeader({ name: `dev${index}`, size: 0, flag: '3' }),
    );
    const { status, stderr } = between(blocks);
    expect(stderr.match(/^left out: /gm)).toHaveLength(1000);
    expect(stderr).toContain('1500 of 1502 entries were left out');
    expect(stderr).toContain('500 of these are not named above');
    expect(status).toBe(ExitCode.unsafe);
    expect(between(blocks, { words: ['-q', '--force'] }).stderr).not.toMatch(/left out: |named above/);
  });

  test.runIf(CAN_BE_NOBODY)(
    'a directory of the tree that may not be written to costs what goes there (needs root, to be nobody)',
    () => {
      const path = tar(...file('first', 'one'), ...file('shut/bad', 'x'), ...file('last', 'two'));
      mkdirSync(out('shut'), { recursive: true });
      chmodSync(directory, 0o755);
      chmodSync(out(), 0o777);
      chmodSync(path, 0o644);
      const words = ['extract', path, '-C', out()];
      const { status, stderr } = runLimited('', words, undefined, NOBODY);
      expect(stderr).toContain('left out: shut/bad: cannot write shut/bad: not allowed');
      expect(status).toBe(ExitCode.unsafe);
      expect(readdirSync(out()).sort()).toEqual(['first', 'last', 'shut']);
      chmodSync(out(), 0o755);
      const whole = runLimited('', words, undefined, NOBODY);
      expect(whole.stderr).toContain(`cannot write to directory ${out()}: not allowed`);
      expect(whole.status).toBe(ExitCode.denied);
    },
  );

  test('damage within a sealed file costs the entries that it hits, and exit code 5', () => {
    const contents = Array.from({ length: 12 }, () => randomBytes(150_000).toString('hex'));
    const path = tar(...contents.flatMap((text, index) => file(`${index}`, text)));
    const key = join(directory, 'key.txt');
    runLimited('', ['keygen', '-o', key]);
    const recipient = runLimited('', ['keygen', '-y', key]).stdout.trim();
    const sealed = join(directory, 'x.age');
    expect(runLimited('', ['seal', path, '-r', recipient, '-o', sealed, '-q']).status).toBe(0);
    const bytes = readFileSync(sealed);
    bytes[200_000] = (bytes[200_000] ?? 0) ^ 1;
    writeFileSync(sealed, bytes);
    const { status, stderr } = runLimited('', ['extract', sealed, '-i', key, '-C', out()]);
    const kept = readdirSync(out());
    expect(stderr).not.toContain('defect');
    expect(stderr).toMatch(
      new RegExp(`${12 - kept.length} of 12 entries were left out, ${12 - kept.length} of them damaged`),
    );
    expect(status).toBe(ExitCode.integrity);
    expect(kept.length).toBeGreaterThan(0);
    expect(kept.length).toBeLessThan(12);
    for (const name of kept) expect(readFileSync(out(name), 'utf8')).toBe(contents[Number(name)]);
  });
});

describe('recover -C', () => {
  async function withMemfds(...inodes: readonly (readonly [name: string, size: bigint])[]): Promise<string> {
    const files = await sampleFiles('podman-incident');
    const messages = inodes.map(([name, size], index) => ({
      message: encode({ 1: name, 2: 0, 3: 0, 4: size, 5: 1034, 6: 1, 7: index + 2, 8: 0o777 }),
    }));
    files.set('checkpoint/memfd.img', buildImage('MEMFD_INODE', ...messages));
    const blocks = [...files].flatMap(([name, bytes]) => [
      rawHeader({ name, size: bytes.length }),
      Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]),
    ]);
    return tar(...blocks);
  }

  test('a memfd of 2^45 bytes is left out by name, the rest is written', async () => {
    const path = await withMemfds(['huge', 2n ** 45n], ['payload', 20n]);
    // the limit is what makes it impossible on every file system
    const { status, stdout, stderr } = runLimited('ulimit -f 4000;', [
      'recover',
      path,
      '-C',
      out(),
      '--json',
    ]);
    expect(stderr).toContain('left out: huge: cannot write memfd/2-huge: larger than a file can be there');
    expect(stderr).toContain('1 of 8 entries were left out\n');
    expect(stderr).not.toContain('defect');
    expect(status).toBe(ExitCode.unsafe);
    expect(readFileSync(out('memfd', '3-payload')).length).toBe(20);
    expect(existsSync(out('memfd', '2-huge'))).toBe(false);
    const rows: { name: string; path: string | null }[] = JSON.parse(stdout);
    expect(rows.find(({ name }) => name === 'huge')).toMatchObject({ path: null });
    expect(rows.find(({ name }) => name === 'payload')).toMatchObject({ path: 'memfd/3-payload' });
  });
});

describe('a full disk is not of the entry', () => {
  test.runIf(MOUNTABLE)(
    'it ends the run with 1, says how far it came, and keeps what is complete (needs root and mount)',
    async () => {
      await withDirectory(1000, (disk) => {
        const path = tar(
          ...file('first', 'one'),
          ...file('big', 'x'.repeat(2 << 20)),
          ...file('last', 'two'),
        );
        const { status, stderr } = runLimited('', ['extract', path, '-C', join(disk, 'new')]);
        expect(stderr).toMatch(
          /^coldcase: cannot write big: no space left on its file system, after .* of 2 MiB\n/,
        );
        expect(stderr).toContain('entries extracted before, each complete: 1');
        expect(status).toBe(ExitCode.failed);
        expect(readdirSync(join(disk, 'new'))).toEqual(['first']);
      });
    },
  );

  test('nor is a process that may open no more files', () => {
    const path = tar(...file('first', 'one'), ...longNamed(`${'d/'.repeat(100)}x`));
    const { status, stderr } = runLimited('ulimit -n 40;', ['extract', path, '-C', out()]);
    expect(stderr).toContain('too many open files in this process');
    expect(status).toBe(ExitCode.failed);
  });
});
