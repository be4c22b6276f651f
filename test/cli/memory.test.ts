import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decompress } from 'zstd-napi';
import { coldcase } from '../support/coldcase.js';
import { samplePath } from '../support/samples.js';

const SAMPLE = samplePath('podman-incident');
let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'coldcase-memory-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

async function json(...words: readonly string[]): Promise<unknown> {
  const { code, stdout, stderr } = await coldcase([...words, '--json']);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return JSON.parse(stdout);
}

describe('coldcase memory', () => {
  test('list: what each process had, and the totals', async () => {
    const rows = await json('memory', 'list', SAMPLE);
    expect(rows).toMatchObject([
      { pid: 1, comm: 'python3', shared: 4096, missing: 0, largest: expect.any(Array) },
      { pid: 3, comm: 'sh', resident: 135168 },
      { pid: 4, comm: 'kworker/u8:2', resident: 724_992, fileBacked: 24576, deletedFiles: 651_264 },
      { pid: null, resident: 10_121_216 + 4096 + 135168 + 724_992 },
    ]);
  });

  test('search: literal, regular expression, hex, case, context, most', async () => {
    expect(await json('memory', 'search', SAMPLE, 'stratum+tcp', '--context', '4')).toMatchObject([
      {
        pid: 4,
        comm: 'kworker/u8:2',
        address: '0x7ff81cfe0080',
        match: 'stratum+tcp',
        vma: '[anon]',
        before: '\0\0\0\0',
        after: '://p',
        image: 'checkpoint/pages-5.img',
        imageOffset: expect.any(Number),
        offset: expect.any(Number),
      },
    ]);
    expect(
      await json('memory', 'search', SAMPLE, '--regex', 'AKIA[0-9A-Z]{16}', '--max', '1', '-q'),
    ).toMatchObject([{ pid: 1, match: 'AKIAIOSFODNN7EXAMPLE' }]);
    expect(
      await json('memory', 'search', SAMPLE, '--hex', '73 74 ?? 61 74 75 6d 2b 74', '-p', '4'),
    ).toHaveLength(1);
    expect(await json('memory', 'search', SAMPLE, 'STRATUM+tcp', '--ignore-case')).toHaveLength(1);
    expect(await json('memory', 'search', SAMPLE, 'STRATUM+tcp')).toEqual([]);
  });

  test('search: what a regular expression is too slow for is listed, and the exit code says so', async () => {
    const words = ['memory', 'search', SAMPLE, '-p', '4', '-E', '(\\w+\\s?)*$X', '--json'];
    const { code, stdout, stderr } = await coldcase(words);
    expect(code).toBe(1);
    expect(stderr).toMatch(/the regular expression took too long for \d+ stretches of memory/);
    expect(JSON.parse(stdout)).toContainEqual(expect.objectContaining({ pid: 4, match: null }));
  });

  test('search: the offset is that of the tar', async () => {
    const tar = decompress(readFileSync(SAMPLE));
    const rows = await json('memory', 'search', SAMPLE, 'DB_PASSWORD=');
    expect(rows).toMatchObject([{ pid: 1 }, { pid: 4 }]);
    for (const [, offset] of JSON.stringify(rows).matchAll(/"offset":(\d+)/g)) {
      expect(tar.toString('latin1', Number(offset), Number(offset) + 12)).toBe('DB_PASSWORD=');
    }
  });

  test('strings: text and JSON', async () => {
    const words = ['memory', 'strings', SAMPLE, '--pid', '4', '--min', '20'];
    const text = await coldcase(words);
    expect(text.stdout).toContain('      4     0x7ff81cfe0080 stratum+tcp://pool.evil.example:3333\n');
    const rows = await json(...words);
    expect(rows).toContainEqual({
      ...{ pid: 4, address: '0x7ff81cfe0080', vma: '[anon]' },
      text: 'stratum+tcp://pool.evil.example:3333',
    });
    const lines = await coldcase([...words, '--format', 'ndjson']);
    expect(
      lines.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(rows);
  });

  test('dump: hex under a heading, what is not there named, raw bytes to a file', async () => {
    const shown = await coldcase(['memory', 'dump', SAMPLE, '-p', '4', '--vma', '0x7ff81cfe0000']);
    expect(shown.stdout).toMatch(/^# 0x7ff81cfe0000-0x7ff81cfe2000 rwxp \[anon\]\n7ff81cfe0000 {2}90 90 /);
    expect(shown.stdout).toMatch(/\|stratum\+tcp:\/\/po\|\n/);
    const named = await coldcase(['memory', 'dump', SAMPLE, '-p', '1', '--range', '400000-401000']);
    expect(named.stdout).toContain('0x0 of the file /usr/bin/python3.13, unchanged and so not dumped');

    const path = join(directory, 'raw.bin');
    const raw = [
      'memory',
      'dump',
      SAMPLE,
      '-p',
      '4',
      '--range',
      '7ff81cfe0080-7ff81cfe00a4',
      '--raw',
      '-o',
      path,
    ];
    expect((await coldcase(raw)).code).toBe(0);
    expect(readFileSync(path, 'latin1')).toBe('stratum+tcp://pool.evil.example:3333');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect((await coldcase(raw)).code).toBe(6); // it exists
    expect((await coldcase([...raw, '--force'])).code).toBe(0);
  });

  const failures: [string, string[], number, RegExp][] = [
    ['a PID that does not exist', ['search', SAMPLE, 'x', '-p', '77'], 4, /there is no process 77/],
    ['a zombie', ['strings', SAMPLE, '-p', '6'], 4, /it is a zombie/],
    ['a thread', ['dump', SAMPLE, '-p', '2'], 4, /a thread of process 1/],
    ['an empty pattern', ['search', SAMPLE, ''], 2, /the pattern is empty/],
    ['a bad regular expression', ['search', SAMPLE, '-E', '['], 2, /regular expression is invalid/],
    ['a bad hex pattern', ['search', SAMPLE, '--hex', '4'], 2, /hex pattern is invalid/],
    ['two kinds of pattern', ['search', SAMPLE, '4', '--hex', '-E'], 2, /cannot be used with/],
    ['a bad range', ['dump', SAMPLE, '-p', '1', '--range', '2-1'], 2, /is no range of addresses/],
    ['a bad address', ['dump', SAMPLE, '-p', '1', '--vma', 'zz'], 2, /is no address/],
    ['an address that is not mapped', ['dump', SAMPLE, '-p', '1', '--vma', '10'], 4, /0x10 is not mapped/],
    ['raw without a range', ['dump', SAMPLE, '-p', '1', '--raw'], 2, /--raw needs to know what/],
    ['raw of what is not there', ['dump', SAMPLE, '-p', '1', '--raw', '--vma', '400000'], 4, /not dumped/],
  ];
  test.each(failures)('%s: a clear error', async (_name, words, code, message) => {
    const done = await coldcase(['memory', ...words]);
    expect(done.stderr).toMatch(message);
    expect(done.code).toBe(code);
    expect(done.stdout).toBe('');
  });
});

describe('coldcase core', () => {
  test('writes a core file, 0600, never over another', async () => {
    const path = join(directory, 'core.4');
    const done = await coldcase(['core', SAMPLE, '--pid', '4', '-o', path]);
    expect(done.code).toBe(0);
    expect(readFileSync(path).toString('latin1', 0, 4)).toBe('\x7fELF');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect((await coldcase(['core', SAMPLE, '--pid', '4', '-o', path])).code).toBe(6);
    expect((await coldcase(['core', SAMPLE, '--pid', '6', '-o', join(directory, 'core.6')])).code).toBe(4);
  });
});

describe('coldcase recover', () => {
  test('lists and extracts, 0600, under safe names', async () => {
    const out = join(directory, 'recovered');
    const rows = await json('recover', SAMPLE, '-C', out);
    expect(rows).toContainEqual({
      ...{ kind: 'deleted-file', name: '/tmp/ghost.log', size: 44, uid: 0, gid: 0, mode: '0644' },
      sha256: '03f36be8bb73d37ea1b0be2283099517352aaa3d7f0cdca3675332917f0e69c2',
      modified: '2026-11-23T16:04:11Z',
      holders: [{ pid: 1, comm: 'python3', by: '12' }],
      ...{ image: 'checkpoint/ghost-file-1.img', path: 'deleted/tmp/ghost.log' },
    });
    expect(readFileSync(join(out, 'deleted/tmp/ghost.log'), 'utf8')).toMatch(/^attacker log/);
    expect(statSync(join(out, 'deleted/tmp/.x/xmrig')).size).toBe(682_080);
    expect(statSync(join(out, 'deleted/tmp/.x/xmrig')).mode & 0o777).toBe(0o600);
    expect((await coldcase(['recover', SAMPLE, '-C', out])).code).toBe(6);
    expect((await coldcase(['recover', SAMPLE, '-C', out, '--force'])).code).toBe(0);
  });

  test('an archive that is none', async () => {
    const path = join(directory, 'junk.tar');
    writeFileSync(path, Buffer.alloc(1024, 7));
    expect((await coldcase(['recover', path])).code).toBe(5);
  });
});
