import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compress } from 'zstd-napi';
import { MemorySource } from '../../src/bytes/memory.js';
import { openSeekableZstd } from '../../src/bytes/seekable-zstd.js';
import type { ByteSource } from '../../src/bytes/source.js';

const MIB = 1024 * 1024;
/** Frames of these sizes in turn, so that memory of large ones comes up for small ones. */
const SIZES = [MIB, 3, 0x8000, MIB, 0x40001, MIB, 1];

/** A seekable zstd file and its content, in which all frames differ. */
function seekable(frames: number): { file: Buffer; content: Buffer } {
  const contents = Array.from({ length: frames }, (_, frame) => {
    const content = Buffer.alloc(SIZES[frame % SIZES.length] ?? 1, `${frame} `);
    return content;
  });
  const packed = contents.map((content) => compress(content));
  const table = Buffer.alloc(8 + 8 * frames + 9);
  table.writeUInt32LE(0x184d2a5e, 0);
  table.writeUInt32LE(8 * frames + 9, 4);
  packed.forEach((frame, index) => {
    table.writeUInt32LE(frame.length, 8 + 8 * index);
    table.writeUInt32LE(contents[index]?.length ?? 0, 12 + 8 * index);
  });
  table.writeUInt32LE(frames, 8 + 8 * frames);
  table.writeUInt32LE(0x8f92eab1, 8 + 8 * frames + 5);
  return { file: Buffer.concat([...packed, table]), content: Buffer.concat(contents) };
}

/** A source that counts what is read of it, and answers late and in no order. */
function slowly(bytes: Buffer): ByteSource & { readonly seen: { bytes: number } } {
  const below = new MemorySource(bytes, 'made');
  const seen = { bytes: 0 };
  return {
    name: below.name,
    size: below.size,
    close: () => below.close(),
    seen,
    read: async (offset, length) => {
      seen.bytes += length;
      await new Promise((resolve) => setTimeout(resolve, (offset + length) % 3));
      return below.read(offset, length);
    },
  };
}

describe('reading at random', () => {
  const { file, content } = seekable(140);

  test('many reads at once get the bytes that are there, also when frames are decoded into used memory', async () => {
    const range = fc
      .tuple(fc.nat(content.length - 1), fc.oneof(fc.nat(4096), fc.nat(3 * MIB)))
      .map(([offset, length]) => ({ offset, length: Math.min(length, content.length - offset) }));
    await fc.assert(
      fc.asyncProperty(fc.array(range, { minLength: 1, maxLength: 24 }), async (ranges) => {
        const source = await openSeekableZstd(slowly(file));
        if (source === undefined) throw new Error('no seek table');
        for (let round = 0; round < 2; round += 1) {
          const reads = await Promise.all(ranges.map(({ offset, length }) => source.read(offset, length)));
          reads.forEach((bytes, index) => {
            const { offset = 0, length = 0 } = ranges[index] ?? {};
            expect(content.subarray(offset, offset + length).equals(bytes)).toBe(true);
          });
        }
        await source.close();
      }),
      { numRuns: 15 },
    );
  });

  test('what a read gave stays as it is while all other frames are read', async () => {
    const source = await openSeekableZstd(new MemorySource(file, 'made'));
    if (source === undefined) throw new Error('no seek table');
    const early = await source.read(100, 1000);
    for (let at = 0; at < content.length; at += 0x4000)
      await source.read(at, Math.min(0x4000, content.length - at));
    expect(content.subarray(100, 1100).equals(early)).toBe(true);
  });

  test('one long read of frames that pack well reads each of them once', async () => {
    const below = slowly(file);
    const source = await openSeekableZstd(below);
    const before = below.seen.bytes;
    const all = await source?.read(0, content.length);
    expect(content.equals(all ?? Buffer.alloc(0))).toBe(true);
    expect(below.seen.bytes - before).toBeLessThanOrEqual(file.length);
  });
});
