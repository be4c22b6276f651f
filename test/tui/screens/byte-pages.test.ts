import { describe, expect, it } from 'vitest';
import { BytePages } from '../../../src/tui/screens/byte-pages.js';

const size = 1 << 30;
const byteAt = (offset: number): number => (offset * 7 + (offset >> 14)) & 0xff;

/** A source that hands out parts of blocks of 1 MiB, as one that decompresses does. */
function reader(): { read: (offset: number, length: number) => Promise<Uint8Array>; reads: number[] } {
  const reads: number[] = [];
  return {
    reads,
    read: async (offset, length) => {
      reads.push(offset);
      const block = Buffer.alloc(1 << 20);
      for (let at = 0; at < length; at += 1) block[at] = byteAt(offset + at);
      return block.subarray(0, length);
    },
  };
}

async function load(pages: BytePages, offset: number, length: number): Promise<Uint8Array> {
  for (;;) {
    const bytes = pages.peek(offset, length);
    if (bytes.state === 'here') return bytes.bytes;
    if (bytes.state !== 'loading') throw new Error(bytes.state);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('BytePages', () => {
  it('gives bytes across pages, and says when they have come', async () => {
    let told = 0;
    const { read } = reader();
    const pages = new BytePages(size, read, () => {
      told += 1;
    });
    const bytes = await load(pages, 16 * 1024 - 3, 7);
    expect([...bytes]).toEqual([...Array(7).keys()].map((at) => byteAt(16 * 1024 - 3 + at)));
    expect(told).toBe(2);
  });

  it('keeps little, however much is paged through', async () => {
    const { read, reads } = reader();
    const pages = new BytePages(size, read, () => {});
    for (let at = 0; at < size; at += 1 << 20) {
      const bytes = await load(pages, at, 16);
      expect(bytes.buffer.byteLength).toBeLessThanOrEqual(16 * 1024);
    }
    expect(reads.length).toBe(1024);
    await load(pages, size - 16, 16);
    await load(pages, 0, 16);
    expect(reads.length).toBe(1026);
  });

  it('shows what could not be read as that', async () => {
    const pages = new BytePages(
      100,
      async () => Promise.reject(new Error('damaged')),
      () => {},
    );
    expect(pages.peek(0, 10)).toEqual({ state: 'loading' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(pages.peek(0, 10)).toEqual({ state: 'failed', problem: 'damaged' });
  });
});
