import { spellings } from '../../base/spelling.js';
import type { Item, Path } from './outline.js';

/** A walk over every item of an outline, open or not, in the order they would be drawn in. */
export class Walk {
  readonly #items: Item[];
  readonly #path: number[];

  /** Starts at the item at `path`; the first `next` or `previous` goes on from there. */
  constructor(root: Item, path: Path = []) {
    this.#items = [root];
    this.#path = [];
    for (const at of path) {
      if (!this.#descend(at)) break;
    }
  }

  get path(): Path {
    return [...this.#path];
  }

  get item(): Item {
    const item = this.#items.at(-1);
    if (item === undefined) throw new Error('a walk has no item');
    return item;
  }

  next(): boolean {
    if (this.item.count > 0 && this.#descend(0)) return true;
    while (this.#path.length > 0) {
      const at = this.#ascend();
      if (this.#descend(at + 1)) return true;
    }
    return false;
  }

  previous(): boolean {
    if (this.#path.length === 0) return this.#descendLast();
    const at = this.#ascend();
    if (at > 0 && this.#descend(at - 1)) {
      this.#descendLast();
      return true;
    }
    return this.#path.length > 0;
  }

  #descendLast(): boolean {
    let moved = false;
    while (this.item.count > 0 && this.#descend(this.item.count - 1)) moved = true;
    return moved;
  }

  #descend(at: number): boolean {
    const parent = this.item;
    const child = at < parent.count ? parent.child?.(at) : undefined;
    if (child === undefined) return false;
    this.#items.push(child);
    this.#path.push(at);
    return true;
  }

  #ascend(): number {
    this.#items.pop();
    return this.#path.pop() ?? 0;
  }
}

/** No search looks at more items than this: what is beyond is said to be unsearched. */
const WALK_LIMIT = 5_000_000;
/** No filter keeps more rows than this. */
const MATCH_LIMIT = 200_000;
/** Of one item's text only this much is searched. */
const TEXT_LIMIT = 64 * 1024;

/** A test of an item's text: letter case counts only where the pattern has capitals. */
export function matcher(pattern: string): (item: Item) => boolean {
  const matches = textMatcher(pattern);
  return (item) =>
    item.cells.some((cell) => matches(cell.length > TEXT_LIMIT ? cell.slice(0, TEXT_LIMIT) : cell));
}

/** The same of text. */
export function textMatcher(pattern: string): (text: string) => boolean {
  // what is on the screen is printed with escapes, and typed again as it is read there
  const tests = spellings(pattern).map((spelling) => {
    const folded = spelling.toLowerCase();
    const exact = folded !== spelling;
    return (text: string): boolean => (exact ? text.includes(spelling) : text.toLowerCase().includes(folded));
  });
  return (text) => tests.some((matches) => matches(text));
}

/** What a filter has found so far. */
export interface Matches {
  readonly pattern: string;
  readonly paths: readonly Path[];
  /** Items looked at. */
  readonly seen: number;
  readonly done: boolean;
  /** Whether a limit ended it early. */
  readonly cut: boolean;
}

/** Items that can be filtered while a key waits. */
const AT_ONCE = 5000;

/** What a filter finds where there is little to look at; undefined where it takes longer than a key may wait. */
export function filterNow(root: Item, pattern: string): Matches | undefined {
  const test = matcher(pattern);
  const walk = new Walk(root);
  const paths: Path[] = [];
  let seen = 0;
  for (; walk.next(); seen += 1) {
    if (seen === AT_ONCE) return undefined;
    if (test(walk.item)) paths.push(walk.path);
  }
  return { pattern, paths, seen, done: true, cut: false };
}

/** Milliseconds of work between two chances for a key to be answered. */
const SLICE_MS = 8;

/**
 * Finds every item whose text holds the pattern, in slices of a few milliseconds, handing out what has been found
 * after each.
 */
export async function* filterItems(
  root: Item,
  pattern: string,
  signal: AbortSignal,
): AsyncGenerator<Matches> {
  const test = matcher(pattern);
  const walk = new Walk(root);
  const paths: Path[] = [];
  let seen = 0;
  let deadline = performance.now() + SLICE_MS;
  while (walk.next()) {
    seen += 1;
    if (test(walk.item)) paths.push(walk.path);
    if (paths.length >= MATCH_LIMIT || seen >= WALK_LIMIT) {
      yield { pattern, paths: [...paths], seen, done: true, cut: true };
      return;
    }
    if ((seen & 63) === 0 && performance.now() > deadline) {
      yield { pattern, paths: paths.slice(), seen, done: false, cut: false };
      await breathe();
      if (signal.aborted) return;
      deadline = performance.now() + SLICE_MS;
    }
  }
  yield { pattern, paths, seen, done: true, cut: false };
}

/** The next item, or the one before, whose text holds the pattern; it does not wrap around. */
export async function findItem(
  root: Item,
  pattern: string,
  from: Path,
  by: 1 | -1,
  signal: AbortSignal,
): Promise<Path | undefined> {
  const test = matcher(pattern);
  const walk = new Walk(root, from);
  let deadline = performance.now() + SLICE_MS;
  for (let seen = 0; seen < WALK_LIMIT; seen += 1) {
    if (!(by > 0 ? walk.next() : walk.previous())) return undefined;
    if (test(walk.item)) return walk.path;
    if ((seen & 63) === 0 && performance.now() > deadline) {
      await breathe();
      if (signal.aborted) return undefined;
      deadline = performance.now() + SLICE_MS;
    }
  }
  return undefined;
}

/** Lets keys and drawing have their turn. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
