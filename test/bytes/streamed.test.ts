import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compress } from 'zstd-napi';
import { readEntry } from '../../src/archive/archive.js';
import { openArchiveSource } from '../../src/archive/open-source.js';
import { openStream } from '../../src/archive/open-stream.js';
import { MemorySource } from '../../src/bytes/memory.js';
import { StreamedSource } from '../../src/bytes/streamed.js';
import { countingSource } from '../support/counting-source.js';
import { block, rawHeader } from '../support/raw-tar.js';
import { encrypted } from '../support/virtual-sealed.js';

const MIB = 1024 * 1024;
const content = randomBytes(3 * MIB);

/** Random bytes are coded as themselves, so that restarts can be counted. */
function plainStream(points: readonly number[]): { source: StreamedSource; starts: number[] } {
  const starts: number[] = [];
  async function* decode({ input }: { input: number }): AsyncGenerator<Uint8Array> {
    starts.push(input);
    for (let at = input; at < content.length; at += 100_003) yield content.subarray(at, at + 100_003);
  }
  const below = new MemorySource(content, 'below');
  const restarts = points.map((at) => ({ input: at, output: at }));
  return { source: new StreamedSource(below, content.length, restarts, decode), starts };
}

describe('a source that is decoded forwards', () => {
  test('gives the same bytes at any offset and in any order', async () => {
    const { source } = plainStream([0, 1_000_001]);
    const ranges = fc.array(fc.tuple(fc.nat(content.length), fc.nat(MIB)), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(ranges, async (wanted) => {
        const reads = wanted.map(async ([offset, length]) => {
          const end = Math.min(offset + length, content.length);
          const bytes = await source.read(offset, end - offset);
          expect(Buffer.compare(bytes, content.subarray(offset, end))).toBe(0);
        });
        await Promise.all(reads);
      }),
      { numRuns: 100 },
    );
  });

  test('reads on without decoding again, and goes back to the nearest restart point', async () => {
    const { source, starts } = plainStream([0, MIB + 7, 2 * MIB + 7]);
    await source.read(2 * MIB + MIB / 2, 10);
    await source.read(2 * MIB + MIB / 2 + 300_000, 10);
    expect(starts).toEqual([2 * MIB + 7]);
    await source.read(MIB + MIB / 2, 10);
    expect(starts).toEqual([2 * MIB + 7, MIB + 7]);
    // kept, so not decoded again
    await source.read(2 * MIB + MIB / 2, 10);
    expect(starts).toHaveLength(2);
  });

  test('an error below meets the reader, and the next read begins anew', async () => {
    let broken = true;
    async function* decode(): AsyncGenerator<Uint8Array> {
      yield content.subarray(0, MIB);
      if (broken) throw new Error('lost');
      yield content.subarray(MIB);
    }
    const below = new MemorySource(content, 'below');
    const source = new StreamedSource(below, content.length, [{ input: 0, output: 0 }], decode);
    await expect(source.read(2 * MIB, 1)).rejects.toThrow('lost');
    broken = false;
    expect((await source.read(2 * MIB, 1))[0]).toBe(content[2 * MIB]);
    await source.close();
  });
});

/** A tar with an entry larger than what is kept in memory between two small ones. */
const big = randomBytes(20 * MIB);
const tar = Buffer.concat([
  rawHeader({ name: 'first', size: 5 }),
  block('first'),
  rawHeader({ name: 'pages', size: big.length }),
  big,
  rawHeader({ name: 'last', size: 4 }),
  block('last'),
  Buffer.alloc(1024),
]);

/** As `zstd --rsyncable`, pzstd and others write: many frames, no seek table. */
const frames = Buffer.concat(
  Array.from({ length: Math.ceil(tar.length / MIB) }, (_, at) =>
    compress(tar.subarray(at * MIB, (at + 1) * MIB), { compressionLevel: 1 }),
  ),
);

describe('compressed tars without a seek table', () => {
  test.each<[string, Buffer, string]>([
    ['gzip', gzipSync(tar, { level: 1 }), 'gzip'],
    [
      'gzip of several members',
      Buffer.concat([gzipSync(tar.subarray(0, 9999)), gzipSync(tar.subarray(9999))]),
      'gzip',
    ],
    ['zstd of one frame', compress(tar, { compressionLevel: 1 }), 'zstd'],
    ['zstd of many frames', frames, 'zstd'],
  ])('%s: large entries are read at any offset', async (_what, bytes, compression) => {
    const archive = await openArchiveSource(new MemorySource(bytes, 'tar'), 'tar');
    expect(archive.storage).toMatchObject({ compression, tarSize: tar.length });
    const [first, pages, last] = await archive.entries();
    if (first === undefined || pages === undefined || last === undefined)
      throw new Error('entries are missing');
    const source = archive.open(pages);
    for (const offset of [19 * MIB, 100, 10 * MIB + 3]) {
      expect(Buffer.compare(await source.read(offset, 1000), big.subarray(offset, offset + 1000))).toBe(0);
    }
    expect(Buffer.from(await readEntry(archive, first, 9)).toString()).toBe('first');
    expect(Buffer.from(await readEntry(archive, last, 9)).toString()).toBe('last');
    await archive.close();
  });

  test('many frames: going back reads again only from the frame before', async () => {
    const below = countingSource(new MemorySource(frames, 'tar'));
    const archive = await openArchiveSource(below, 'tar');
    const pages = await archive.find('pages');
    if (pages === undefined) throw new Error('no pages');
    const before = below.bytesRead;
    await archive.open(pages).read(18 * MIB, 1000);
    expect(below.bytesRead - before).toBeLessThan(3 * MIB);
  });

  test.each(['zstd', 'gzip'])('%s below age, as other tools make it', async (format) => {
    const compressed = format === 'gzip' ? gzipSync(tar, { level: 1 }) : compress(tar);
    const { source, identity } = await encrypted(new MemorySource(compressed, 'tar'));
    const archive = await openArchiveSource(source, 'tar', { identities: [identity] });
    expect(archive.storage).toMatchObject({ encrypted: true, compression: format });
    const pages = await archive.find('pages');
    if (pages === undefined) throw new Error('no pages');
    expect(Buffer.compare(await archive.open(pages).read(MIB, 99), big.subarray(MIB, MIB + 99))).toBe(0);
  });

  test('from standard input: small entries are kept, a large one ends with what to do', async () => {
    const stream = Readable.from([tar.subarray(0, 1000), tar.subarray(1000)], { objectMode: false });
    const archive = await openStream(stream, 'standard input', {});
    const [first, pages] = await archive.entries();
    if (first === undefined || pages === undefined) throw new Error('entries are missing');
    expect(Buffer.from(await readEntry(archive, first, 9)).toString()).toBe('first');
    await expect(archive.open(pages).read(0, 1)).rejects.toMatchObject({
      exitCode: 1,
      remedy: 'save the archive to a file, and name that',
    });
  });
});
