import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tarStream from 'tar-stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Archive, type ArchiveEntry, readEntry } from '../../src/archive/archive.js';
import { openArchiveSource } from '../../src/archive/open-source.js';
import { MemorySource } from '../../src/bytes/memory.js';
import { block, rawHeader } from '../support/raw-tar.js';

const open = (tar: Uint8Array): Promise<Archive> =>
  openArchiveSource(new MemorySource(tar, 'test.tar'), 'test.tar');
const entriesOf = async (...blocks: Uint8Array[]): Promise<readonly ArchiveEntry[]> =>
  (await open(Buffer.concat([...blocks, Buffer.alloc(1024)]))).entries();

type Headers = Parameters<ReturnType<typeof tarStream.pack>['entry']>[0];

async function pack(...entries: [Partial<Headers> & { name: string }, string?][]): Promise<Buffer> {
  const packer = tarStream.pack();
  for (const [header, content] of entries) packer.entry(header, content ?? '');
  packer.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of packer) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks);
}

describe('what tar-stream writes', () => {
  const long = `${'directory/'.repeat(30)}name`;
  const when = new Date(1_700_000_000_000);
  test.each<[string, Partial<Headers> & { name: string }, Partial<ArchiveEntry>]>([
    [
      'a file',
      { name: './a', mode: 0o4755, uid: 7, gid: 8, uname: 'u', gname: 'g', mtime: when },
      { name: 'a', type: 'file', mode: 0o4755, uid: 7, gid: 8, uname: 'u', gname: 'g', mtime: 1_700_000_000 },
    ],
    ['a long name (pax)', { name: long }, { name: long }],
    ['a name that is not ASCII', { name: 'été/漢' }, { name: 'été/漢' }],
    ['a symlink', { name: 'l', type: 'symlink', linkname: '../x' }, { type: 'symlink', linkName: '../x' }],
    ['a long link (pax)', { name: 'l', type: 'symlink', linkname: long }, { linkName: long }],
    ['a hard link', { name: 'h', type: 'link', linkname: './a' }, { type: 'hardlink', linkName: 'a' }],
    ['a directory', { name: 'd/', type: 'directory' }, { name: 'd', type: 'directory', size: 0 }],
    [
      'a device',
      { name: 'c', type: 'character-device', devmajor: 1, devminor: 9 },
      { type: 'character-device', device: { major: 1, minor: 9 } },
    ],
    ['a FIFO', { name: 'f', type: 'fifo' }, { type: 'fifo' }],
  ])('%s', async (_what, header, expected) => {
    const archive = await open(await pack([header], [{ name: 'after' }, 'content']));
    const [entry, after] = await archive.entries();
    expect(entry).toMatchObject(expected);
    if (after === undefined) throw new Error('no second entry');
    expect(Buffer.from(await readEntry(archive, after, 100)).toString()).toBe('content');
  });
});

describe('headers as old and other writers make them', () => {
  test('v7: no magic; a name that ends in a slash is a directory', async () => {
    const [file, directory] = await entriesOf(
      rawHeader({ name: 'file', size: 0, magic: '' }),
      rawHeader({ name: 'dir/', size: 0, magic: '', flag: '\0' }),
    );
    expect(file).toMatchObject({ name: 'file', type: 'file' });
    expect(directory).toMatchObject({ name: 'dir', type: 'directory' });
  });

  test('ustar: the prefix belongs to the name', async () => {
    const [entry] = await entriesOf(rawHeader({ name: 'name', size: 0, prefix: 'a/b' }));
    expect(entry?.name).toBe('a/b/name');
  });

  test('GNU: the place of the prefix holds other things', async () => {
    const [entry] = await entriesOf(
      rawHeader({ name: 'name', size: 0, prefix: '14612345670', magic: 'ustar  \0' }),
    );
    expect(entry?.name).toBe('name');
  });

  test('GNU: long name and long link', async () => {
    const name = 'n'.repeat(300);
    const link = 'l'.repeat(600);
    const [entry] = await entriesOf(
      rawHeader({ name: '././@LongLink', size: 601, flag: 'K' }),
      block(`${link}\0`),
      rawHeader({ name: '././@LongLink', size: 301, flag: 'L' }),
      block(`${name}\0`),
      rawHeader({ name: 'cut', size: 0, flag: '2', link: 'cut' }),
    );
    expect(entry).toMatchObject({ name, linkName: link, offset: 0 });
  });

  test('base-256 sizes, also negative times', async () => {
    const header = rawHeader({ name: 'big', size: 5, mtime: 0 }, (bytes) => {
      bytes.fill(0, 124, 136);
      bytes[124] = 0x80;
      bytes[135] = 5;
      bytes.fill(0xff, 136, 148);
    });
    const [entry] = await entriesOf(header, block('12345'));
    expect(entry).toMatchObject({ size: 5, mtime: -1 });
  });

  test('pax: global headers hold until another one says otherwise; own ones go first', async () => {
    const entries = await entriesOf(
      rawHeader({ name: 'g', size: 32, flag: 'g' }),
      block('16 uname=global\n16 gname=global\n'),
      rawHeader({ name: 'x', size: 14, flag: 'x' }),
      block('14 uname=mine\n'),
      rawHeader({ name: 'a', size: 0 }),
      rawHeader({ name: 'b', size: 0 }),
    );
    expect(entries).toMatchObject([
      { name: 'a', uname: 'mine', gname: 'global' },
      { name: 'b', uname: 'global', gname: 'global' },
    ]);
  });

  test('pax: size and time override the header', async () => {
    const records = '9 size=3\n22 mtime=1700000000.5\n';
    const archive = await open(
      Buffer.concat([
        rawHeader({ name: 'x', size: records.length, flag: 'x' }),
        block(records),
        rawHeader({ name: 'a', size: 0 }),
        block('abc'),
        rawHeader({ name: 'b', size: 0 }),
        Buffer.alloc(1024),
      ]),
    );
    expect(await archive.entries()).toMatchObject([{ size: 3, mtime: 1_700_000_000.5 }, { name: 'b' }]);
  });

  test('links and directories have no data whatever their size says; unknown types have', async () => {
    const entries = await entriesOf(
      rawHeader({ name: 'l', size: 99, flag: '1', link: 'a' }),
      rawHeader({ name: 'd', size: 99, flag: '5' }),
      rawHeader({ name: 'v', size: 3, flag: 'Z' }),
      block('abc'),
      rawHeader({ name: 'end', size: 0 }),
    );
    expect(entries.map(({ name, type, size }) => [name, type, size])).toEqual([
      ['l', 'hardlink', 0],
      ['d', 'directory', 0],
      ['v', 'other', 3],
      ['end', 'file', 0],
    ]);
  });

  test('of entries with one name, the last is found; a hard link finds the one before it', async () => {
    const archive = await open(
      await pack(
        [{ name: 'a' }, 'old'],
        [{ name: 'h', type: 'link', linkname: 'a' }],
        [{ name: 'a' }, 'new'],
      ),
    );
    const [, link] = await archive.entries();
    const last = await archive.find('a');
    if (link === undefined || last === undefined) throw new Error('missing');
    expect(Buffer.from(await readEntry(archive, last, 9)).toString()).toBe('new');
    expect(Buffer.from(await readEntry(archive, link, 9)).toString()).toBe('old');
  });

  test('what stands behind the end of the tar is not read, and a missing end is noted', async () => {
    const tar = await pack([{ name: 'a' }, 'x']);
    expect((await open(Buffer.concat([tar, Buffer.from('garbage')]))).storage.endMarked).toBe(true);
    const cut = await open(tar.subarray(0, 1024));
    expect(cut.storage.endMarked).toBe(false);
    expect(await cut.entries()).toHaveLength(1);
  });
});

describe('sparse files', () => {
  const content = Buffer.alloc(200_000);
  content.write('first', 0);
  content.write('second', 100_000);
  content.write('end', 199_997);
  let directory = '';
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'coldcase-test-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  async function check(tar: Uint8Array): Promise<void> {
    const archive = await open(tar);
    const entry = await archive.find('sparse');
    if (entry === undefined) throw new Error('no entry');
    expect(entry.size).toBe(content.length);
    expect(entry.storedSize).toBeLessThan(content.length);
    expect(Buffer.compare(await readEntry(archive, entry, 1e6), content)).toBe(0);
    const part = await archive.open(entry).read(99_999, 100_001);
    expect(Buffer.compare(part, content.subarray(99_999))).toBe(0);
    expect((await archive.find('after'))?.size).toBe(5);
  }

  const gnuTar = spawnSync('tar', ['--version']).stdout?.toString().startsWith('tar (GNU');
  test.runIf(gnuTar).each([
    ['GNU, old format', ['--format=gnu']],
    ['pax 0.0', ['--format=posix', '--sparse-version=0.0']],
    ['pax 0.1', ['--format=posix', '--sparse-version=0.1']],
    ['pax 1.0', ['--format=posix', '--sparse-version=1.0']],
  ])('GNU tar, %s (skipped where tar is not GNU tar)', async (_what, options) => {
    const file = openSync(join(directory, 'sparse'), 'w');
    for (const offset of [0, 100_000, 199_997]) {
      writeSync(file, content, offset, Math.min(10, content.length - offset), offset);
    }
    closeSync(file);
    writeFileSync(join(directory, 'after'), 'after');
    const made = spawnSync('tar', [
      '-c',
      '-S',
      '--hole-detection=raw',
      ...options,
      '-C',
      directory,
      'sparse',
      'after',
    ]);
    expect(made.status).toBe(0);
    await check(made.stdout);
  });

  test('GNU, with more runs than fit into the header', async () => {
    const runs = 60;
    const size = runs * 1024;
    const number = (value: number): string => `${value.toString(8).padStart(11, '0')}\0`;
    const map = Array.from({ length: runs }, (_, run) => number(run * 1024) + number(512));
    const header = rawHeader({ name: 'sparse', size: runs * 512, flag: 'S', magic: 'ustar  \0' }, (bytes) => {
      bytes.write(map.slice(0, 4).join(''), 386, 'latin1');
      bytes[482] = 1;
      bytes.write(number(size), 483, 'latin1');
    });
    const extensions = [0, 1, 2].map((at) => {
      const bytes = Buffer.alloc(512);
      bytes.write(map.slice(4 + at * 21, 25 + at * 21).join(''), 0, 'latin1');
      bytes[504] = at < 2 ? 1 : 0;
      return bytes;
    });
    const data = Array.from({ length: runs }, (_, run) => Buffer.alloc(512, run + 1));
    const archive = await open(Buffer.concat([header, ...extensions, ...data, Buffer.alloc(1024)]));
    const [entry] = await archive.entries();
    if (entry === undefined) throw new Error('no entry');
    const bytes = await readEntry(archive, entry, size);
    for (let run = 0; run < runs; run += 1) {
      expect([bytes[run * 1024], bytes[run * 1024 + 511], bytes[run * 1024 + 512]]).toEqual([
        run + 1,
        run + 1,
        0,
      ]);
    }
  });
});

describe('what is refused, with the offset', () => {
  const pax = (records: string): Uint8Array[] => [
    rawHeader({ name: 'x', size: records.length, flag: 'x' }),
    block(records),
    rawHeader({ name: 'a', size: 0 }),
  ];
  const misnamed = rawHeader({ name: 'b', size: 0 }).fill('c', 0, 1);
  test.each<[string, Uint8Array[], number]>([
    ['no header at all', [rawHeader({ name: 'a', size: 0 }), Buffer.alloc(512, 'x')], 512],
    ['a checksum that does not hold', [rawHeader({ name: 'a', size: 0 }), misnamed], 512],
    ['data cut short', [rawHeader({ name: 'a', size: 5000 })], 1536],
    ['a size that is no number', [rawHeader({ name: 'a', size: 0 }, (bytes) => bytes.write('12x', 124))], 0],
    ['a negative size', [rawHeader({ name: 'a', size: 0 }, (bytes) => bytes.fill(0xff, 124, 136))], 0],
    ['a size beyond 2^53', [rawHeader({ name: 'a', size: 0 }, (bytes) => bytes.fill(0x80, 124, 136))], 0],
    ['a pax header of 2 MiB', [rawHeader({ name: 'x', size: 2 ** 21, flag: 'x' })], 0],
    ['a long name of 2 GiB', [rawHeader({ name: 'x', size: 2 ** 31, flag: 'L' })], 0],
    ['a pax header at the end', [rawHeader({ name: 'x', size: 0, flag: 'x' })], 512],
    ['a pax record without end', pax('99 path=a\n'), 512],
    ['a pax record of length 0', pax('0 path=a\n'), 512],
    ['a pax size that is no number', pax('10 size=-1\n'.replace('10', '11')), 512],
    ['a pax size beyond 2^53', pax('25 size=9999999999999999\n'), 512],
    ['a pax time that is none', pax('12 mtime=x\n'.replace('12', '11')), 512],
    ['a sparse map that goes back', pax('28 GNU.sparse.map=9,1,3,1\n'.replace('28', '26')), 1024],
    ['a sparse map beyond its size', pax('22 GNU.sparse.map=0,9\n'), 1024],
  ])('%s', async (_what, blocks, offset) => {
    await expect(entriesOf(...blocks)).rejects.toMatchObject({ exitCode: 5, where: 'test.tar', offset });
  });

  test('a chain of hard links, as long as an archive can be', async () => {
    const count = 50_000;
    const links = Array.from({ length: count }, (_, at) =>
      rawHeader({ name: `l${at + 1}`, size: 0, flag: '1', link: `l${at}` }),
    );
    const archive = await open(
      Buffer.concat([rawHeader({ name: 'l0', size: 3 }), block('end'), ...links, Buffer.alloc(1024)]),
    );
    for (const entry of await archive.entries()) expect(archive.resolve(entry).name).toBe('l0');
  });

  test('owners whose names are too long together', async () => {
    const record = (at: number): Buffer[] => {
      const text = `1000018 uname=${String(at).padEnd(1_000_003, 'u')}\n`;
      return [
        rawHeader({ name: 'x', size: text.length, flag: 'x' }),
        block(text),
        rawHeader({ name: 'a', size: 0 }),
      ];
    };
    const blocks = Array.from({ length: 40 }, (_, at) => record(at)).flat();
    await expect(entriesOf(...blocks)).rejects.toThrow('more entries, names');
  });

  test('more entries than any checkpoint has', { timeout: 60_000 }, async () => {
    const header = rawHeader({ name: 'a', size: 0 });
    const endless = {
      name: 'endless.tar',
      size: 500_000 * 512,
      read: async (_offset: number, length: number) => Buffer.alloc(length, header),
      close: async () => {},
    };
    const before = process.memoryUsage.rss();
    await expect(openArchiveSource(endless, 'endless.tar')).rejects.toThrow('more entries');
    expect(process.memoryUsage.rss() - before).toBeLessThan(200 * 1024 * 1024);
  });
});
