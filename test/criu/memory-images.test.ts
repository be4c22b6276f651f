import { describe, expect, test } from 'vitest';
import { type Archive, type ArchiveEntry, makeArchive } from '../../src/archive/archive.js';
import { FormatError } from '../../src/base/errors.js';
import { MemorySource } from '../../src/bytes/memory.js';
import { MemoryImages } from '../../src/criu/memory.js';
import { buildImage, encode } from '../support/criu-image.js';

type File = Uint8Array | { readonly link: string };

/** An archive of files and symlinks, without a tar around it. */
function archiveOf(files: Readonly<Record<string, File>>): Archive {
  const contents: Uint8Array[] = [];
  let offset = 0;
  const entries = Object.entries(files).map(([name, file]): ArchiveEntry => {
    const size = 'link' in file ? 0 : file.length;
    const entry = {
      ...{ name, size, storedSize: size, mode: 0o600, uid: 0, gid: 0, uname: '', gname: '', mtime: 0 },
      ...{ offset, dataOffset: offset },
    };
    if (!('link' in file)) contents.push(file);
    offset += size;
    return 'link' in file ? { ...entry, type: 'symlink', linkName: file.link } : { ...entry, type: 'file' };
  });
  const tar = new MemorySource(Buffer.concat(contents), 'built.tar');
  const facts = {
    compression: 'none',
    encrypted: false,
    storedSize: offset,
    tarSize: offset,
    endMarked: true,
  } as const;
  return makeArchive('built.tar', facts, entries, tar);
}

interface Mapping {
  readonly start: number;
  readonly end: number;
  readonly status: number;
  readonly pgoff?: number;
  readonly shmid?: number;
  readonly flags?: number;
}

function mm(vmas: readonly Mapping[], auxv: readonly number[] = [6, 4096]): Buffer {
  const zeros = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [i + 1, 0]));
  const encoded = vmas.map(({ start, end, status, pgoff = 0, shmid = 0, flags = 0x22 }) =>
    encode({ 1: start, 2: end, 3: pgoff, 4: shmid, 5: 3, 6: flags, 7: status, 8: 1 }),
  );
  return buildImage('MM', { message: encode({ ...zeros, 13: [...auxv], 14: encoded }) });
}

/** Runs as [address, pages, flags]; `compat` writes the 32-bit page count alone. */
function pagemap(id: number, runs: readonly [number, number, number][], compat = false): Buffer {
  return buildImage(
    'PAGEMAP',
    { message: encode({ 1: id }) },
    ...runs.map(([vaddr, pages, flags]) => ({
      message: encode(compat ? { 1: vaddr, 2: pages, 4: flags } : { 1: vaddr, 2: 0, 4: flags, 5: pages }),
    })),
  );
}

const page = (letter: string, size = 4096): Buffer => Buffer.alloc(size, letter);
const ANON = 0x201;

async function bytesAt(images: MemoryImages, address: number, length: number): Promise<string> {
  const { space } = await images.process(1);
  return Buffer.from(await space.read(BigInt(address), length)).toString('latin1');
}

describe('incremental checkpoints', () => {
  const child = {
    'checkpoint/mm-1.img': mm([{ start: 0x1000, end: 0x5000, status: ANON }]),
    'checkpoint/pagemap-1.img': pagemap(1, [
      [0x1000, 1, 4],
      [0x2000, 2, 1],
    ]),
    'checkpoint/pages-1.img': page('c'),
  };
  const parent = {
    'checkpoint/parent': { link: '../earlier' },
    'earlier/pagemap-1.img': pagemap(7, [
      [0x1000, 1, 4],
      [0x2000, 1, 4],
      [0x3000, 1, 1],
    ]),
    'earlier/pages-7.img': Buffer.concat([page('x'), page('p')]),
  };

  test('pages of the parent, and of its parent', async () => {
    const images = new MemoryImages(
      archiveOf({
        ...{ ...child, ...parent },
        'earlier/parent': { link: 'first' },
        'earlier/first/pagemap-1.img': pagemap(2, [[0x3000, 1, 4]], true),
        'earlier/first/pages-2.img': page('f'),
      }),
    );
    expect(await bytesAt(images, 0x1fff, 2)).toBe('cp');
    expect(await bytesAt(images, 0x2fff, 2)).toBe('pf');
    expect(await bytesAt(images, 0x3fff, 2)).toBe('f\0');
  });

  test('a clear error where the archive has no parent, and for what the parent lacks', async () => {
    for (const files of [child, { ...child, ...parent }]) {
      const images = new MemoryImages(archiveOf(files));
      expect(await bytesAt(images, 0x1000, 1)).toBe('c');
      const read = bytesAt(images, 0x3000, 1);
      await expect(read).rejects.toThrow('is in a parent checkpoint that the archive does not hold');
      await expect(read).rejects.toMatchObject({ exitCode: 4, remedy: expect.stringContaining('"parent"') });
    }
  });
});

describe('what a pagemap says', () => {
  test('pages left with a page server are named', async () => {
    const images = new MemoryImages(
      archiveOf({
        'checkpoint/mm-1.img': mm([{ start: 0x1000, end: 0x3000, status: ANON }]),
        'checkpoint/pagemap-1.img': pagemap(1, [
          [0x1000, 1, 2],
          [0x2000, 1, 6],
        ]),
        'checkpoint/pages-1.img': page('l'),
      }),
    );
    await expect(bytesAt(images, 0x1000, 1)).rejects.toThrow('was left with a page server');
    expect(await bytesAt(images, 0x2000, 1)).toBe('l');
  });

  test.each([16384, 65536])('pages of %i bytes', async (size) => {
    const images = new MemoryImages(
      archiveOf({
        'checkpoint/mm-1.img': mm([{ start: 0, end: 3 * size, status: ANON }], [33, 1, 6, size]),
        'checkpoint/pagemap-1.img': pagemap(1, [[size, 2, 4]]),
        'checkpoint/pages-1.img': Buffer.concat([page('a', size), page('b', size)]),
      }),
    );
    expect(await bytesAt(images, 2 * size - 1, 2)).toBe('ab');
    expect(await bytesAt(images, size - 1, 2)).toBe('\0a');
    expect((await images.process(1)).space.pageSize).toBe(size);
  });

  test('no process has pages of 5 bytes', async () => {
    const images = new MemoryImages(
      archiveOf({ 'checkpoint/mm-1.img': mm([{ start: 0, end: 4096, status: ANON }], [6, 5]) }),
    );
    await expect(images.process(1)).rejects.toThrow(FormatError);
  });
});

describe('shared memory', () => {
  const shared = pagemap(3, [[0x1000, 1, 4]]);

  test.each([
    ['anonymous', 0x101],
    ['System V', 0x401],
  ])('%s: by its own pagemap, from the offset that is mapped', async (_name, status) => {
    const images = new MemoryImages(
      archiveOf({
        'checkpoint/mm-1.img': mm([
          { start: 0x8000, end: 0xa000, status, shmid: 44, pgoff: 0x1000, flags: 1 },
        ]),
        'checkpoint/pagemap-shmem-44.img': shared,
        'checkpoint/pages-3.img': page('s'),
      }),
    );
    expect(await bytesAt(images, 0x8fff, 2)).toBe('s\0');
  });

  test('a private copy of a page goes before the shared one', async () => {
    const status = 1 | (1 << 6) | (1 << 14); // private mapping of a memfd
    const images = new MemoryImages(
      archiveOf({
        'checkpoint/mm-1.img': mm([{ start: 0x8000, end: 0xa000, status, shmid: 9, pgoff: 0x1000 }]),
        'checkpoint/pagemap-1.img': pagemap(1, [[0x9000, 1, 4]]),
        'checkpoint/pages-1.img': page('o'),
        'checkpoint/pagemap-shmem-44.img': shared,
        'checkpoint/pages-3.img': page('s'),
        'checkpoint/files.img': buildImage('FILES', {
          message: encode({
            1: 18,
            2: 9,
            20: encode({ 1: 9, 2: 2, 3: 0, 4: encode({ 1: 0, 2: 0, 3: 0, 4: 0, 5: 0 }), 5: 1 }),
          }),
        }),
        'checkpoint/memfd.img': buildImage('MEMFD_INODE', {
          message: encode({ 1: 'name', 2: 0, 3: 0, 4: 0x3000, 5: 44, 6: 0, 7: 1 }),
        }),
      }),
    );
    expect(await bytesAt(images, 0x8fff, 2)).toBe('so');
    const { space } = await images.process(1);
    expect(space.vmas.map((vma) => space.nameOf(vma))).toEqual(['/memfd:name (deleted)']);
  });

  test('a clear error when its pagemap is not in the archive', async () => {
    const images = new MemoryImages(
      archiveOf({ 'checkpoint/mm-1.img': mm([{ start: 0x8000, end: 0x9000, status: 0x101, shmid: 5 }]) }),
    );
    await expect(bytesAt(images, 0x8000, 1)).rejects.toThrow(
      'is shared memory whose pages the archive does not hold',
    );
  });
});

describe('mappings', () => {
  test('guard pages, which CRIU lists behind the mappings that they lie in, are no mappings', async () => {
    const images = new MemoryImages(
      archiveOf({
        'checkpoint/mm-1.img': mm([
          { start: 0x1000, end: 0x4000, status: ANON },
          { start: 0x2000, end: 0x3000, status: 1 << 16 },
        ]),
      }),
    );
    expect((await images.process(1)).space.vmas).toHaveLength(1);
  });

  test.each([
    ['overlap', [0x1000, 0x3000], [0x2000, 0x4000]],
    ['are out of order', [0x5000, 0x6000], [0x1000, 0x2000]],
    ['end before they begin', [0x1000, 0x2000], [0x4000, 0x3000]],
  ])('that %s are an error', async (_name, first, second) => {
    const vmas = [first, second].map(([start = 0, end = 0]) => ({ start, end, status: ANON }));
    await expect(new MemoryImages(archiveOf({ 'checkpoint/mm-1.img': mm(vmas) })).process(1)).rejects.toThrow(
      FormatError,
    );
  });
});
