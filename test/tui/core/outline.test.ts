import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Opened,
  opened,
  type Path,
  reveal,
  rowAt,
  rowOf,
  setOpen,
} from '../../../src/tui/core/outline.js';
import { filterItems, findItem, type Matches, Walk } from '../../../src/tui/core/walk.js';
import { rows, tree } from '../support/fake.js';

const root = tree(4, 3);

/** All visible paths the slow way. */
function visible(node: Opened, prefix: Path = []): Path[] {
  const paths: Path[] = [];
  const width = node.rows - node.open.reduce((sum, entry) => sum + entry.node.rows, 0);
  for (let at = 0; at < width; at += 1) {
    paths.push([...prefix, at]);
    const inner = node.open.find((entry) => entry.at === at);
    if (inner !== undefined) paths.push(...visible(inner.node, [...prefix, at]));
  }
  return paths;
}

describe('outline', () => {
  it('finds rows and their paths as the slow way does, whatever is open', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.nat(3), { minLength: 1, maxLength: 2 }), { maxLength: 12 }),
        (paths) => {
          let state = opened(root);
          for (const path of paths) {
            state = reveal(root, state, [...path, 0]);
          }
          const all = visible(state);
          expect(state.rows).toBe(all.length);
          all.forEach((path, row) => {
            expect(rowAt(root, state, row)?.path).toEqual(path);
            expect(rowOf(state, path)).toBe(row);
          });
          expect(rowAt(root, state, all.length)).toBeUndefined();
        },
      ),
      { numRuns: 60 },
    );
  });

  it('opens and closes without changing anything else', () => {
    const all = opened(root);
    const one = setOpen(all, [2], opened(tree(4, 2)));
    expect(one.rows).toBe(8);
    expect(setOpen(one, [2], undefined)).toEqual(all);
  });

  it('costs nothing for a million items until they are looked at', () => {
    let made = 0;
    const big = {
      cells: [],
      count: 1_000_000,
      child: (index: number) => {
        made += 1;
        return { cells: [`entry ${index}`], count: 0 };
      },
    };
    const state = opened(big);
    expect(rowAt(big, state, 999_999)?.item.cells).toEqual(['entry 999999']);
    expect(made).toBe(1);
  });

  it('handles a tree that is 10,000 deep', () => {
    const deep = tree(1, 10_000);
    const path = Array.from({ length: 10_000 }, () => 0);
    const begin = performance.now();
    const state = reveal(deep, opened(deep), path);
    expect(state.rows).toBe(10_000);
    expect(rowAt(deep, state, 9_999)?.path.length).toBe(10_000);
    expect(performance.now() - begin).toBeLessThan(1000);
  });
});

describe('Walk', () => {
  it('goes forth and back over the same items', () => {
    const walk = new Walk(root);
    const forth: string[] = [];
    while (walk.next()) forth.push(walk.item.cells[0] ?? '');
    expect(forth.length).toBe(4 + 16 + 64);
    const back: string[] = [];
    const other = new Walk(root, [3, 3, 3]);
    do back.push(other.item.cells[0] ?? '');
    while (other.previous() && other.path.length > 0);
    expect(back.reverse()).toEqual(forth);
  });

  it('filters 200,000 rows in slices, and stops when told to', async () => {
    const list = rows(200_000);
    const stop = new AbortController();
    let last: Matches | undefined;
    let longest = 0;
    let mark = performance.now();
    for await (const matches of filterItems(list, '777', stop.signal)) {
      longest = Math.max(longest, performance.now() - mark);
      last = matches;
      mark = performance.now();
    }
    expect(last?.done).toBe(true);
    expect(last?.paths.length).toBe(
      Array.from({ length: 200_000 }, (_, i) => `row ${i}`).filter((text) => text.includes('777')).length,
    );
    expect(longest).toBeLessThan(500);
    let seen = 0;
    for await (const _ of filterItems(rows(5_000_000), 'nothing of the kind', stop.signal)) {
      seen += 1;
      if (seen === 3) stop.abort();
    }
    expect(seen).toBeLessThan(6);
  });

  it('finds the next and the previous match', async () => {
    const { signal } = new AbortController();
    expect(await findItem(root, '1.2.3', [], 1, signal)).toEqual([1, 2, 3]);
    expect(await findItem(root, '.0', [1, 2, 3], 1, signal)).toEqual([1, 3, 0]);
    expect(await findItem(root, '.3', [1, 2, 3], -1, signal)).toEqual([1, 1, 3]);
    expect(await findItem(root, 'not there', [], 1, signal)).toBeUndefined();
  });
});
