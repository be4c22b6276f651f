import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openArchive } from '../../src/archive/open.js';
import { Checkpoint } from '../../src/checkpoint/checkpoint.js';
import type { AddressSpace, Segment } from '../../src/criu/address-space.js';
import { recoverObjects } from '../../src/recover/recover.js';
import { type Built, buildImage, encode } from '../support/criu-image.js';
import { samplePath } from '../support/samples.js';
import { FOWN, type SyntheticImages, syntheticCheckpoint } from '../support/synthetic-checkpoint.js';

const PAGE = 4096;
const START = 0x40_0000;
const FILE_PRIVATE = 0x41;
const FILE_SHARED = 0x81;

interface Setup {
  readonly pages: number;
  readonly pgoff?: number;
  readonly status?: number;
  /** The image of the deleted file; none when the archive has none. */
  readonly ghost?: Buffer;
  readonly remapType?: number;
  /** Runs of the pagemap as [page, count], and their pages. */
  readonly dumped?: { readonly runs: readonly (readonly [number, number])[]; readonly bytes: Buffer };
}

/** The memory of a process that maps /tmp/gone at 0x400000. */
async function spaceOf({ pages, pgoff = 0, status = FILE_PRIVATE, ghost, ...more }: Setup): Promise<{
  readonly checkpoint: Checkpoint;
  readonly space: AddressSpace;
}> {
  const zeros: Built = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [i + 1, 0]));
  const vma = { 1: START, 2: START + pages * PAGE, 3: pgoff, 4: 7, 5: 5, 6: 2, 7: status, 8: 1 };
  const images: SyntheticImages = {
    inventory: ['INVENTORY', { 1: 2 }],
    pstree: ['PSTREE', { 1: 1, 2: 0, 3: 1, 4: 1, 5: [1] }],
    'mm-1': ['MM', { ...zeros, 13: [6, PAGE], 14: [encode(vma)] }],
    files: ['FILES', { 1: 1, 2: 7, 3: encode({ 1: 7, 2: 0, 3: 0, 5: FOWN, 6: '/tmp/gone' }) }],
    'remap-fpath': ['REMAP_FPATH', { 1: 7, 2: 10, 3: more.remapType ?? 1 }],
  };
  const runs = (more.dumped?.runs ?? []).map(([page, count]) => ({
    message: encode({ 1: START + page * PAGE, 2: 0, 4: 4, 5: count }),
  }));
  const checkpoint = syntheticCheckpoint(images, {
    ...(ghost === undefined ? {} : { 'checkpoint/ghost-file-a.img': ghost }),
    'checkpoint/pagemap-1.img': buildImage('PAGEMAP', { message: encode({ 1: 1 }) }, ...runs),
    ...(more.dumped === undefined ? {} : { 'checkpoint/pages-1.img': more.dumped.bytes }),
  });
  return { checkpoint, space: (await (await checkpoint.memory()).process(1)).space };
}

/** A whole deleted file. */
const whole = (contents: Buffer): Buffer =>
  buildImage('GHOST_FILE', { message: encode({ 1: 0, 2: 0, 3: 0o100755 }) }, { payload: contents });

/** A sparse one, of parts at offsets. */
const sparse = (size: number, parts: readonly { readonly at: number; readonly bytes: Buffer }[]): Buffer =>
  buildImage(
    'GHOST_FILE',
    { message: encode({ 1: 0, 2: 0, 3: 0o100755, 9: 1, 10: size }) },
    ...parts.flatMap(({ at, bytes }) => [
      { message: encode({ 1: bytes.length, 2: at }) },
      { payload: bytes },
    ]),
  );

const text = async (space: AddressSpace, offset: number, length: number): Promise<string> =>
  Buffer.from(await space.read(BigInt(START + offset), length)).toString('latin1');

const LETTERS = Buffer.concat(['a', 'b', 'c'].map((letter) => Buffer.alloc(PAGE, letter)));

describe('unchanged pages of a deleted file', () => {
  test.each([
    ['private', FILE_PRIVATE],
    ['shared', FILE_SHARED],
  ])('a %s mapping has them from the copy in the archive, at its offset', async (_, status) => {
    const { space } = await spaceOf({ pages: 2, pgoff: PAGE, status, ghost: whole(LETTERS) });
    expect(await text(space, PAGE - 2, 4)).toBe('bbcc');
  });

  test('a page that the process changed is the one that CRIU dumped', async () => {
    const dumped = { runs: [[1, 1]] as const, bytes: Buffer.alloc(PAGE, 'X') };
    const { space } = await spaceOf({ pages: 3, ghost: whole(LETTERS), dumped });
    expect(await text(space, PAGE - 1, 2)).toBe('aX');
    expect(await text(space, 2 * PAGE - 1, 2)).toBe('Xc');
    const kinds = [...space.segments()].map(({ backing }) => backing.kind === 'pages' && backing.deletedFile);
    expect(kinds).toEqual([true, undefined, true]);
  });

  test('the last page ends in zeros; behind it there is nothing', async () => {
    const { space } = await spaceOf({ pages: 4, ghost: whole(LETTERS.subarray(0, 2 * PAGE + 3)) });
    expect(await text(space, 2 * PAGE, 5)).toBe('ccc\0\0');
    expect(await text(space, 3 * PAGE - 1, 1)).toBe('\0');
    await expect(text(space, 3 * PAGE, 1)).rejects.toThrow('is behind the end of the mapped file');
  });

  test('an offset behind the file, and one that no file has', async () => {
    for (const pgoff of [PAGE, 2 ** 52]) {
      const { space } = await spaceOf({ pages: 1, pgoff, ghost: whole(LETTERS.subarray(0, PAGE)) });
      await expect(text(space, 0, 1)).rejects.toThrow('is behind the end of the mapped file');
    }
  });

  test.each([
    ['no copy in the archive', {}],
    ['a file that still has another name', { remapType: 0, ghost: whole(LETTERS) }],
  ])('%s: a hole, and said', async (_, setup) => {
    const { space } = await spaceOf({ pages: 1, ...setup });
    await expect(text(space, 0, 1)).rejects.toThrow('of the file /tmp/gone, unchanged and so not dumped');
  });

  test('a damaged copy takes its own pages away and nothing else, and is named', async () => {
    const dumped = { runs: [[1, 1]] as const, bytes: Buffer.alloc(PAGE, 'X') };
    const damaged = sparse(4, [{ at: 0, bytes: Buffer.from('too long') }]);
    const { space } = await spaceOf({ pages: 2, ghost: damaged, dumped });
    expect(await text(space, PAGE, 1)).toBe('X');
    await expect(text(space, 0, 1)).rejects.toThrow(
      /0x0 of the deleted file \/tmp\/gone, whose copy in the archive cannot be read: .*ghost-file-a\.img.*behind its 4 bytes/,
    );
  });

  test('any sparse file, mapped at any offset, reads as the file does', async () => {
    const parts = fc.array(fc.tuple(fc.nat(2 * PAGE), fc.integer({ min: 1, max: 2 * PAGE })), {
      maxLength: 5,
    });
    await fc.assert(
      fc.asyncProperty(parts, fc.nat(PAGE), fc.nat(3), async (list, tail, page) => {
        let at = 0;
        const runs = list.map(([gap, length], i) => {
          const run = { at: at + gap, bytes: Buffer.alloc(length, 0x61 + i) };
          at += gap + length;
          return run;
        });
        const size = at + tail;
        const filled = Math.ceil(size / PAGE) * PAGE;
        const file = Buffer.alloc(filled);
        for (const run of runs) run.bytes.copy(file, run.at);
        const { space } = await spaceOf({ pages: 20, pgoff: page * PAGE, ghost: sparse(size, runs) });
        const held = Math.max(0, Math.min(filled - page * PAGE, 20 * PAGE));
        expect(Buffer.from(await space.read(BigInt(START), held)).equals(file.subarray(page * PAGE))).toBe(
          true,
        );
        let next = BigInt(START);
        for (const { start, end } of space.segments()) {
          expect(start).toBe(next);
          expect(end).toBeGreaterThan(start);
          next = end;
        }
        expect(next).toBe(BigInt(START + 20 * PAGE));
      }),
      { numRuns: 60 },
    );
  });
});

test('podman-incident: the code of the deleted miner is that of the recovered file', async () => {
  const archive = await openArchive(samplePath('podman-incident'));
  const checkpoint = new Checkpoint(archive);
  const { space } = await (await checkpoint.memory()).process(4);
  let miner = Buffer.alloc(0);
  for await (const object of recoverObjects(checkpoint, () => undefined)) {
    if (object.kind === 'deleted-executable') miner = Buffer.from(await object.open().read(0, object.size));
  }
  expect(miner.length).toBe(682_080);
  const fromFile = (segment: Segment): boolean =>
    segment.backing.kind === 'pages' && segment.backing.deletedFile === true;
  const segments = [...space.segments()].filter(fromFile);
  expect(segments.reduce((sum, { start, end }) => sum + Number(end - start), 0)).toBe(636 * 1024);
  for (const { start, end, vma } of segments) {
    const offset = Number(start - vma.start + vma.pgoff);
    const bytes = Buffer.from(await space.read(start, Number(end - start)));
    expect(bytes.equals(miner.subarray(offset, offset + bytes.length))).toBe(true);
  }
  await archive.close();
});
