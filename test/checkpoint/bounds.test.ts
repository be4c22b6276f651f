// What a small archive can stand for is bounded, and so is what a large honest one leaves in memory.
import { describe, expect, test } from 'vitest';
import { FormatError } from '../../src/base/errors.js';
import type { Checkpoint } from '../../src/checkpoint/checkpoint.js';
import { Images } from '../../src/checkpoint/images.js';
import { type Built, buildImage, encode } from '../support/criu-image.js';
import { manyProcesses } from '../support/many-processes.js';
import { memoryArchive } from '../support/memory-archive.js';
import { type SyntheticImages, syntheticCheckpoint } from '../support/synthetic-checkpoint.js';

const PAGE = 4096;
const TOO_MUCH = /this takes more memory than any image should/;

/** As many processes as wanted, which share all images but the tree: names of images with PID go to one and the same. */
function cloned(
  count: number,
  images: SyntheticImages,
  others: Readonly<Record<string, Buffer>>,
): Checkpoint {
  const pids = Array.from({ length: count }, (_, i) => i + 1);
  const all: Record<string, SyntheticImages[string]> = {
    inventory: ['INVENTORY', { 1: 2 }],
    pstree: ['PSTREE', ...pids.map((pid): Built => ({ 1: pid, 2: 0, 3: pid, 4: 1, 5: [pid] }))],
  };
  const files: Record<string, Buffer> = {};
  for (const pid of pids) {
    for (const [name, image] of Object.entries(images)) all[name.replace('PID', String(pid))] = image;
    for (const [name, bytes] of Object.entries(others))
      files[`checkpoint/${name.replace('PID', String(pid))}`] = bytes;
  }
  return syntheticCheckpoint(all, files);
}

const tree = (...entries: Built[]): Checkpoint =>
  syntheticCheckpoint({ inventory: ['INVENTORY', { 1: 2 }], pstree: ['PSTREE', ...entries] });

async function refused(work: Promise<unknown>): Promise<void> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(FormatError);
  expect(String(error)).toMatch(TOO_MUCH);
}

const ARGS = 0x10_0000;
const mm = (length: number, vmas: readonly Built[]): Built => ({
  ...Object.fromEntries(Array.from({ length: 12 }, (_, i) => [i + 1, 0])),
  ...{ 8: ARGS, 9: ARGS + length, 13: [6, PAGE], 14: vmas.map(encode) },
});
const anonymous = (start: number, end: number): Built => ({
  ...{ 1: start, 2: end, 3: 0, 4: 0, 5: 3, 6: 0x22, 7: 0x201, 8: -1 },
});

describe('what little bytes stand for is refused when it is too much', () => {
  test('processes without images', () => {
    const thousand = Array.from({ length: 1000 }, (_, i) => ({
      message: encode({ 1: i + 1, 2: 0, 3: 1, 4: 1 }),
    }));
    const entries = buildImage('PSTREE', ...thousand).subarray(8);
    const pstree = Buffer.concat([buildImage('PSTREE'), ...Array.from({ length: 90 }, () => entries)]);
    return refused(
      syntheticCheckpoint(
        { inventory: ['INVENTORY', { 1: 2 }] },
        { 'checkpoint/pstree.img': pstree },
      ).processes(),
    );
  });

  test('threads without images', () =>
    refused(
      tree({ 1: 1, 2: 0, 3: 1, 4: 1, 5: Array.from({ length: 450_000 }, (_, i) => i + 1) }).processes(),
    ));

  test('a table of files that many processes share', () => {
    const fds = Array.from({ length: 1000 }, (_, fd) => ({ 1: 1, 2: 0, 3: 1, 4: fd }));
    const checkpoint = cloned(
      500,
      { 'ids-PID': ['IDS', { 1: 1, 2: 5, 3: 1, 4: 1 }], 'fdinfo-5': ['FDINFO', ...fds] },
      {},
    );
    return refused(checkpoint.descriptors());
  });

  test('pages of text that many processes have as their arguments', async () => {
    const pages = 256;
    const checkpoint = cloned(
      200,
      { 'mm-PID': ['MM', mm(pages * PAGE, [anonymous(ARGS, ARGS + pages * PAGE)])] },
      {
        'pagemap-PID.img': buildImage(
          'PAGEMAP',
          { message: encode({ 1: 1 }) },
          { message: encode({ 1: ARGS, 2: 0, 4: 4, 5: pages }) },
        ),
        'pages-1.img': Buffer.alloc(pages * PAGE, 'x'),
      },
    );
    const read = async (): Promise<void> => {
      for (const process of await checkpoint.processes()) await checkpoint.arguments(process);
    };
    return refused(read());
  });

  test('mappings of many processes, each of which alone can be had', async () => {
    const vmas = Array.from({ length: 2000 }, (_, i) => anonymous(i * 2 * PAGE, (i * 2 + 1) * PAGE));
    const checkpoint = cloned(250, { 'mm-PID': ['MM', mm(0, vmas)] }, {});
    const all = async (): Promise<void> => {
      for (const process of await checkpoint.processes()) await checkpoint.mappings(process);
    };
    const [first] = await checkpoint.processes();
    if (first === undefined) throw new Error('no process');
    // asking for the same again and again costs nothing more
    for (let i = 0; i < 170; i += 1) expect(await checkpoint.mappings(first)).toHaveLength(2000);
    return refused(all());
  });
});

describe('images of processes', () => {
  test('are decoded once while they are wanted, and again later', async () => {
    const images = new Images(memoryArchive(await manyProcesses(600)));
    const first = await images.first('CORE', 'core-1');
    expect(await images.first('CORE', 'core-1')).toBe(first);
    const others = (await images.numbers('core-')).filter((pid) => pid !== 1);
    for (const pid of others) await images.first('CORE', `core-${pid}`);
    const again = await images.first('CORE', 'core-1');
    expect(again).not.toBe(first);
    expect(again).toEqual(first);
    // images of all processes stay
    expect(await images.entries('FILES', 'files')).toBe(await images.entries('FILES', 'files'));
  });

  test('one that makes no sense is refused each time, and takes nothing', async () => {
    const files = await manyProcesses(3);
    files.set('checkpoint/core-3.img', buildImage('CORE', { message: Buffer.alloc(64, 0xff) }));
    const images = new Images(memoryArchive(files));
    for (let i = 0; i < 3; i += 1) await expect(images.first('CORE', 'core-3')).rejects.toThrow(FormatError);
    expect((await images.first('CORE', 'core-4'))?.tc?.comm).toBe('kworker/u8:2');
  });
});
