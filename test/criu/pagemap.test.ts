import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError } from '../../src/base/errors.js';
import { MemorySource } from '../../src/bytes/memory.js';
import { type PageLayer, type PagePiece, pagePieces } from '../../src/criu/page-layers.js';
import { PageRuns } from '../../src/criu/pagemap.js';
import type { PagemapEntry } from '../../src/criu/schema/memory.js';

const PAGE = 4096;

function entry(vaddr: bigint, pages: bigint, flags?: number): PagemapEntry {
  return { vaddr, compat_nr_pages: 0, nr_pages: pages, ...(flags === undefined ? {} : { flags }) };
}

function runsOf(entries: readonly PagemapEntry[], pagesSize = 1 << 20, pageSize = PAGE) {
  const runs = new PageRuns({ name: 'pagemap-1.img', pageSize, pagesSize });
  for (const each of entries) runs.add(each);
  return runs.runs;
}

describe('runs of a pagemap', () => {
  test('offsets count present pages only', () => {
    const runs = runsOf([
      entry(0x1000n, 2n, 4),
      entry(0x8000n, 4n, 1),
      entry(0x10000n, 1n, 6),
      entry(0x20000n, 1n, 2),
    ]);
    expect(runs).toEqual([
      { start: 0x1000n, end: 0x3000n, where: 'present', offset: 0 },
      { start: 0x8000n, end: 0xc000n, where: 'parent', offset: 0x2000 },
      { start: 0x10000n, end: 0x11000n, where: 'present', offset: 0x2000 },
      { start: 0x20000n, end: 0x21000n, where: 'absent', offset: 0x3000 },
    ]);
  });

  test('both page counts: the 64-bit one holds where it is written', () => {
    expect(runsOf([{ vaddr: 0n, compat_nr_pages: 3 }])[0]?.end).toBe(0x3000n);
    expect(runsOf([{ vaddr: 0n, compat_nr_pages: 3, nr_pages: 2n, flags: 4 }])[0]?.end).toBe(0x2000n);
  });

  test('in_parent of older versions means parent, no flags means present', () => {
    expect(runsOf([{ vaddr: 0n, compat_nr_pages: 1, in_parent: true }])[0]?.where).toBe('parent');
    expect(runsOf([{ vaddr: 0n, compat_nr_pages: 1, in_parent: false }])[0]?.where).toBe('present');
  });

  test('pages of 64 KiB, as aarch64 may have', () => {
    expect(runsOf([entry(0x10000n, 2n, 4)], 1 << 20, 65536)[0]).toMatchObject({ end: 0x30000n });
    expect(() => runsOf([entry(0x1000n, 2n, 4)], 1 << 20, 65536)).toThrow(FormatError);
  });

  test('neighbours are joined', () => {
    expect(runsOf([entry(0n, 1n, 4), entry(0x1000n, 1n, 6)])).toHaveLength(1);
  });

  const bad: [string, PagemapEntry[], number | undefined][] = [
    ['more pages than the pages image has', [entry(0n, 3n, 4)], 0x2000],
    ['a count of 2^60', [entry(0n, 1n << 60n, 4)], 0x2000],
    ['a count of 2^60 in a parent', [entry(0n, 1n << 60n, 1)], 0x2000],
    ['a count of 2^64-1', [entry(0x1000n, (1n << 64n) - 1n, 2)], 0x2000],
    ['a run behind the end of the address space', [entry((1n << 64n) - 0x1000n, 2n, 4)], 0x2000],
    ['overlapping runs', [entry(0n, 2n, 4), entry(0x1000n, 1n, 4)], 0x8000],
    ['unsorted runs', [entry(0x5000n, 1n, 4), entry(0x1000n, 1n, 4)], 0x8000],
    ['an unaligned run', [entry(0x1001n, 1n, 4)], 0x8000],
  ];
  test.each(bad)('%s: a clear error', (_name, entries, size) => {
    const runs = new PageRuns({ name: 'pagemap-1.img', pageSize: PAGE, pagesSize: size });
    expect(() => {
      for (const [i, each] of entries.entries()) runs.add(each, 12 * i);
    }).toThrow(FormatError);
  });

  test('any entries either make sorted runs within the pages image, or a FormatError', () => {
    const anyEntry = fc.record({
      vaddr: fc.oneof(
        fc.bigInt({ min: 0n, max: 64n }).map((n) => n * 4096n),
        fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
      ),
      compat_nr_pages: fc.nat(8),
      nr_pages: fc.option(fc.oneof(fc.bigInt(0n, 8n), fc.bigInt(0n, (1n << 64n) - 1n)), { nil: undefined }),
      flags: fc.option(fc.nat(7), { nil: undefined }),
      in_parent: fc.option(fc.boolean(), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(anyEntry, { maxLength: 6 }), fc.nat(16), (entries, pages) => {
        const runs = new PageRuns({ name: 'x', pageSize: PAGE, pagesSize: pages * PAGE });
        try {
          for (const { nr_pages, flags, in_parent, ...rest } of entries) {
            runs.add({
              ...rest,
              ...(nr_pages === undefined ? {} : { nr_pages }),
              ...(flags === undefined ? {} : { flags }),
              ...(in_parent === undefined ? {} : { in_parent }),
            });
          }
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
        let floor = 0n;
        for (const { start, end, where, offset } of runs.runs) {
          expect(start >= floor && end > start && end <= 1n << 64n).toBe(true);
          if (where === 'present') expect(offset + Number(end - start)).toBeLessThanOrEqual(pages * PAGE);
          floor = end;
        }
      }),
    );
  });
});

describe('pieces of layers', () => {
  const pages = (name: string) => ({
    name,
    source: new MemorySource(new Uint8Array(1 << 16), name),
    archiveOffset: 0,
  });

  test('a parent is asked for what the child leaves to it, and only that', () => {
    const parent: PageLayer = { runs: runsOf([entry(0n, 2n, 4)]), pages: pages('parent'), parent: undefined };
    const child: PageLayer = {
      runs: runsOf([entry(0n, 3n, 1), entry(0x4000n, 1n, 4)]),
      pages: pages('child'),
      parent,
    };
    const seen = [...pagePieces(child, 0x800n, 0x6000n)].map(({ start, end, kind }) => [start, end, kind]);
    expect(seen).toEqual([
      [0x800n, 0x2000n, 'pages'],
      [0x2000n, 0x3000n, 'parent'],
      [0x3000n, 0x4000n, 'hole'],
      [0x4000n, 0x5000n, 'pages'],
      [0x5000n, 0x6000n, 'hole'],
    ]);
  });

  test('without the parent its pages are named, not shown as zeros', () => {
    const child: PageLayer = { runs: runsOf([entry(0n, 1n, 1)]), pages: undefined, parent: undefined };
    expect([...pagePieces(child, 0n, 0x1000n)]).toEqual([{ start: 0n, end: 0x1000n, kind: 'parent' }]);
  });

  test('pieces cover what is asked for, in order, whatever the runs', () => {
    const layer = fc
      .array(fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 4 }), fc.constantFrom(1, 2, 4)), { maxLength: 8 })
      .map((steps): PageLayer => {
        let at = 0n;
        const entries = steps.map(([gap, count, flags]) => {
          const start = at + BigInt(gap * PAGE);
          at = start + BigInt(count * PAGE);
          return entry(start, BigInt(count), flags);
        });
        return { runs: runsOf(entries), pages: pages('x'), parent: undefined };
      });
    fc.assert(
      fc.property(layer, fc.nat(40 * PAGE), fc.nat(40 * PAGE), (each, a, b) => {
        const [start, end] = [BigInt(Math.min(a, b)), BigInt(Math.max(a, b))];
        let at = start;
        for (const piece of pagePieces(each, start, end)) {
          expect(piece.start).toBe(at);
          expect(piece.end > piece.start).toBe(true);
          at = piece.end;
          expect(fits(each, piece)).toBe(true);
        }
        expect(at).toBe(end);
      }),
    );
  });
});

/** Whether a piece says what the runs say of its first byte. */
function fits(layer: PageLayer, piece: PagePiece): boolean {
  const run = layer.runs.find(({ start, end }) => start <= piece.start && piece.start < end);
  if (run === undefined) return piece.kind === 'hole';
  if (run.where !== 'present') return piece.kind === run.where;
  return piece.kind === 'pages' && piece.offset === run.offset + Number(piece.start - run.start);
}
