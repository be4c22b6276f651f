import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type HexContent, hexRows, type Region, regionAt } from '../../../src/tui/core/hex.js';
import { openHex, reduceHex, resizeHex } from '../../../src/tui/core/pane-hex.js';

function content(regions: readonly Region[]): HexContent {
  return {
    kind: 'hex',
    regions,
    empty: '',
    peek: (_, length) => ({ state: 'here', bytes: new Uint8Array(length) }),
    find: async () => undefined,
    extract: () => ({ name: 'x', async *stream() {} }),
    whole: () => ({ name: 'x', async *stream() {} }),
  };
}

/** Regions in order, some next to each other, some folded, some not at a row's beginning. */
const someRegions = fc
  .array(
    fc.record({
      gap: fc.nat(70),
      size: fc.integer({ min: 1, max: 300 }),
      folded: fc.boolean(),
      heading: fc.boolean(),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((list) => {
    let at = 0x1000n;
    return list.map(({ gap, size, folded, heading }): Region => {
      const start = at + BigInt(gap);
      at = start + BigInt(size);
      return { start, end: at, label: 'r', heading, folded: folded ? 'why' : undefined };
    });
  });

describe('hex rows', () => {
  it('every address has a row that shows it, and every row comes once', () => {
    fc.assert(
      fc.property(someRegions, fc.constantFrom(8, 16, 32), (regions, perRow) => {
        const rows = hexRows(content(regions), perRow);
        let seen = 0n;
        for (let index = 0; index < rows.total; index += 1) {
          const row = rows.row(index);
          if (row === undefined) throw new Error('no row');
          if (row.type === 'heading') continue;
          const [from, to] = row.type === 'folded' ? [row.region.start, row.region.end] : [row.from, row.to];
          expect(rows.rowOf(from)).toBe(index);
          expect(rows.rowOf(to - 1n)).toBe(index);
          seen += to - from;
        }
        expect(seen).toBe(regions.reduce((sum, { start, end }) => sum + end - start, 0n));
        expect(rows.row(rows.total)).toBeUndefined();
      }),
    );
  });

  it('any keys leave the cursor at a mapped address that is in sight', () => {
    const keys = fc.array(
      fc.constantFrom('up', 'down', 'left', 'right', 'page-up', 'page-down', 'top', 'bottom', 'half-down'),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(someRegions, keys, fc.constantFrom(60, 80, 200), (regions, commands, columns) => {
        const pages = content(regions);
        let state = openHex(pages, 80);
        for (const command of commands) state = reduceHex(pages, state, command, 7) ?? state;
        state = resizeHex(pages, state, columns, 7);
        expect(regionAt(pages, state.cursor)).toBeDefined();
        const row = hexRows(pages, state.perRow).rowOf(state.cursor);
        expect(row).toBeGreaterThanOrEqual(state.top);
        expect(row).toBeLessThan(state.top + 7);
      }),
    );
  });
});
