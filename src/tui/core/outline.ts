import type { Place } from './place.js';
import type { Extract, Run } from './work.js';

/** What a colour stands for; never told by the colour alone. */
export type Tone = 'plain' | 'dim' | 'strong' | 'good' | 'warn' | 'bad' | 'key' | 'match';

/** One row of an outline, and what is under it. All text is raw: it is escaped where it is drawn. */
export interface Item {
  readonly cells: readonly string[];
  /** How many items are directly under this one. */
  readonly count: number;
  /** The item at `index` below this one; made when asked for, so a million cost nothing until looked at. */
  child?(index: number): Item;
  readonly tone?: Tone | undefined;
  /** Tones of single cells; they win over `tone`. */
  readonly tones?: readonly (Tone | undefined)[] | undefined;
  /** One character that says what the tone says: `!` for what deserves an eye, `x` for what failed. */
  readonly mark?: string | undefined;
  /** Where Enter goes. */
  readonly place?: Place | undefined;
  /** By which `Place.at` finds it. */
  readonly id?: string | undefined;
  /** What `y` copies; the cells if absent. */
  readonly copy?: string | undefined;
  readonly extract?: Extract | undefined;
  /** Every field in full, with what it is called; the cells if absent. */
  readonly facts?: (() => readonly (readonly [name: string, text: string])[]) | undefined;
  /** A title among the rows. */
  readonly heading?: boolean | undefined;
}

export interface OutlineColumn {
  readonly header: string;
  readonly align?: 'left' | 'right' | undefined;
  /** The column with the highest number gives way first where the terminal is narrow; 0 never does. */
  readonly squeeze?: number | undefined;
  /** Narrower than this it says nothing, and is left out. */
  readonly least?: number | undefined;
}

/** A list or a tree of rows in columns: never copied, asked for what is visible. */
export interface OutlineContent {
  readonly kind: 'outline';
  /** Without headers none are drawn. The first column carries the indentation of a tree. */
  readonly columns: readonly OutlineColumn[];
  /** Its cells are not shown; its children are the top level. */
  readonly root: Item;
  /** Paths that are open from the beginning, parents before children. */
  readonly open?: readonly (readonly number[])[] | undefined;
  /** What is said where there are no rows. */
  readonly empty: string;
  /** A line above the rows: what is cut, missing or to be known about them. */
  readonly note?: string | undefined;
  /** Running text: `/` jumps to what is found instead of hiding the other lines. */
  readonly prose?: boolean | undefined;
  /**
   * Finds the next row on the top level with a pattern after the row `from`, or the last one before it, where the
   * rows are too many, or not at hand, to be looked through one by one.
   */
  readonly find?:
    | ((pattern: string, from: number, by: 1 | -1, run: Run) => Promise<number | undefined>)
    | undefined;
}

/**
 * Which items of a tree are open: for each level only the open ones, by their index, each with the number of rows
 * it shows below itself. A closed tree of a million items is one small object.
 */
export interface Opened {
  /** Rows below this item: its children, and what is open below them. */
  readonly rows: number;
  readonly open: readonly { readonly at: number; readonly node: Opened }[];
}

export type Path = readonly number[];

/** An item with only its own children showing. */
export function opened(item: Item): Opened {
  return { rows: item.count, open: [] };
}

/** The row at `index` of what is visible: its item and path. */
export function rowAt(root: Item, tree: Opened, index: number): { item: Item; path: Path } | undefined {
  if (index < 0 || index >= tree.rows) return undefined;
  const path: number[] = [];
  let [parent, level, rest] = [root, tree, index];
  for (;;) {
    // rows before the child that is looked for: one for each earlier child, and the rows of the open ones
    let skipped = 0;
    let inside: { at: number; node: Opened } | undefined;
    for (const entry of level.open) {
      const row = entry.at + skipped;
      if (rest <= row) break;
      if (rest <= row + entry.node.rows) {
        inside = entry;
        rest -= row + 1;
        break;
      }
      skipped += entry.node.rows;
    }
    const at = inside === undefined ? rest - skipped : inside.at;
    path.push(at);
    const item = parent.child?.(at);
    if (item === undefined) return undefined;
    if (inside === undefined) return { item, path };
    [parent, level] = [item, inside.node];
  }
}

/** The visible row of a path; if it lies below something closed, that one's row. */
export function rowOf(tree: Opened, path: Path): number {
  let row = -1;
  let level: Opened | undefined = tree;
  for (const at of path) {
    if (level === undefined) break;
    row += at + 1;
    let next: Opened | undefined;
    for (const entry of level.open) {
      if (entry.at < at) row += entry.node.rows;
      if (entry.at === at) next = entry.node;
      if (entry.at >= at) break;
    }
    level = next;
  }
  return row;
}

/** Whether the item at a path is open. */
export function isOpen(tree: Opened, path: Path): boolean {
  return nodeAt(tree, path) !== undefined;
}

/** The same tree with the item at `path` open or closed; its ancestors must be open. */
export function setOpen(tree: Opened, path: Path, node: Opened | undefined): Opened {
  const levels: Opened[] = [];
  let level: Opened | undefined = tree;
  for (const at of path) {
    if (level === undefined) return tree;
    levels.push(level);
    level = level.open.find((entry) => entry.at === at)?.node;
  }
  let replacement = node;
  for (let depth = path.length - 1; depth >= 0; depth -= 1) {
    const owner = levels[depth];
    if (owner === undefined) return tree;
    replacement = withChild(owner, path[depth] ?? 0, replacement);
  }
  return replacement ?? tree;
}

/** The same tree with everything above `path` open, so that it is visible. */
export function reveal(root: Item, tree: Opened, path: Path): Opened {
  // what is open along the path already, and the items whose opening is wanted
  const levels: Opened[] = [];
  let level: Opened | undefined = tree;
  let item: Item | undefined = root;
  for (const at of path) {
    if (item === undefined) break;
    levels.push(level ?? opened(item));
    level = level?.open.find((entry) => entry.at === at)?.node;
    item = item.child?.(at);
  }
  let result: Opened | undefined;
  for (let depth = levels.length - 1; depth >= 0; depth -= 1) {
    const own = levels[depth];
    if (own === undefined) continue;
    result = result === undefined ? own : withChild(own, path[depth] ?? 0, result);
  }
  return result ?? tree;
}

/** The item at a path, if there is one. */
export function itemAt(root: Item, path: Path): Item | undefined {
  let item: Item | undefined = root;
  for (const at of path) {
    if (item === undefined || at >= item.count) return undefined;
    item = item.child?.(at);
  }
  return item;
}

function nodeAt(tree: Opened, path: Path): Opened | undefined {
  let level: Opened | undefined = tree;
  for (const at of path) {
    level = level?.open.find((entry) => entry.at === at)?.node;
    if (level === undefined) return undefined;
  }
  return level;
}

function withChild(owner: Opened, at: number, node: Opened | undefined): Opened {
  const before = owner.open.find((entry) => entry.at === at)?.node.rows ?? 0;
  const others = owner.open.filter((entry) => entry.at !== at);
  if (node === undefined) return { rows: owner.rows - before, open: others };
  const place = others.findIndex((entry) => entry.at > at);
  const index = place < 0 ? others.length : place;
  const open = [...others.slice(0, index), { at, node }, ...others.slice(index)];
  return { rows: owner.rows - before + node.rows, open };
}
