import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ArchiveEntry } from '../../src/archive/entry.js';
import { TarFollower } from '../../src/archive/tar-follower.js';
import { indexTar } from '../../src/archive/tar-index.js';
import { MemorySource } from '../../src/bytes/memory.js';
import { richTar } from '../support/rich-tar.js';

const tar = richTar();

/** What a follower tells of a tar that comes in pieces which end at `cuts`, and whose memory is used again. */
function followed(bytes: Uint8Array, cuts: readonly number[]) {
  const follower = new TarFollower('rich');
  const data = new Map<ArchiveEntry, Buffer>();
  let last: ArchiveEntry | undefined;
  const edges = [...new Set([...cuts, bytes.length])].sort((a, b) => a - b);
  for (const [at, end] of edges.entries()) {
    const piece = Uint8Array.from(bytes.subarray(edges[at - 1] ?? 0, end));
    for (const passing of follower.follow(piece)) {
      if (passing.kind === 'entry') last = passing.entry;
      else if (last !== undefined) {
        data.set(last, Buffer.concat([data.get(last) ?? Buffer.alloc(0), passing.bytes]));
      }
    }
    piece.fill(0xff);
  }
  return { ...follower.end(), data };
}

test('however a tar is cut, its entries and their data are those that reading it at random gives', async () => {
  const source = new MemorySource(tar, 'rich');
  const { entries, marked } = await indexTar(source);
  const cuts = fc.array(fc.nat(tar.length), { maxLength: 60 });
  fc.assert(
    fc.property(cuts, (places) => {
      const found = followed(tar, places);
      expect(found.entries).toEqual(entries);
      expect(found).toMatchObject({ marked, size: tar.length });
      for (const entry of found.entries) {
        const stored = tar.subarray(entry.dataOffset, entry.dataOffset + entry.storedSize);
        expect((found.data.get(entry) ?? Buffer.alloc(0)).equals(stored)).toBe(true);
      }
    }),
    { numRuns: 300 },
  );
});

test('one byte at a time, too', () => {
  const found = followed(
    tar,
    Array.from(tar, (_, at) => at),
  );
  expect(found.entries.length).toBe(10);
});

test('a tar that is cut is refused as it is when read at random, wherever the cut is', async () => {
  for (let end = 1; end < tar.length; end += 97) {
    const cut = tar.subarray(0, end);
    const outcome = await indexTar(new MemorySource(cut, 'rich')).catch((error: unknown) => String(error));
    let streamed: unknown;
    try {
      const { entries, marked } = followed(cut, [Math.floor(end / 2)]);
      streamed = { entries, marked };
    } catch (error) {
      streamed = String(error);
    }
    expect(streamed).toEqual(outcome);
  }
});
