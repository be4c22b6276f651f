import type { Item, OutlineColumn, OutlineContent } from '../core/outline.js';
import { breathe } from '../core/walk.js';
import { leaf } from './items.js';

/** Rows of a search that are kept. */
const ROWS_MOST = 200_000;
const UPDATE_MS = 150;

/** Takes all of a search, in turns with keys and drawing, until it is stopped or there is no room. */
export async function takeAll<T>(
  found: AsyncIterable<T>,
  signal: AbortSignal,
  take: (each: T) => boolean,
): Promise<'done' | 'full' | 'stopped'> {
  let turn = performance.now();
  try {
    for await (const each of found) {
      if (!take(each)) return 'full';
      if (performance.now() - turn < 8) continue;
      await breathe();
      turn = performance.now();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return signal.aborted ? 'stopped' : 'done';
}

/** Rows that come in one after the other; each content is what there is at that moment. */
export class GrowingRows {
  readonly #rows: Item[] = [];
  readonly #columns: readonly OutlineColumn[];
  readonly #empty: string;
  #last = 0;

  constructor(columns: readonly OutlineColumn[], empty: string) {
    this.#columns = columns;
    this.#empty = empty;
  }

  get count(): number {
    return this.#rows.length;
  }

  /** Whether there is room for more. */
  add(row: Item): boolean {
    this.#rows.push(row);
    return this.#rows.length < ROWS_MOST;
  }

  /** Whether it is time to show what has come. */
  due(): boolean {
    const now = performance.now();
    if (now - this.#last < UPDATE_MS) return false;
    this.#last = now;
    return true;
  }

  content(note: string): OutlineContent {
    const rows = this.#rows;
    return {
      kind: 'outline',
      columns: this.#columns,
      root: { cells: [], count: rows.length, child: (index) => rows[index] ?? leaf([]) },
      empty: this.#empty,
      note,
    };
  }
}
