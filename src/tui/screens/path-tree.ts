import type { Item } from '../core/outline.js';
import { breathe } from '../core/walk.js';
import { EMPTY } from './items.js';

/** A directory, or a file, of a tree that is built from paths. */
interface Node<T> {
  readonly name: string;
  value: T | undefined;
  children: Map<string, Node<T>> | undefined;
  /** In the order in which they are shown; made when first looked at. */
  sorted: readonly Node<T>[] | undefined;
}

const SLICE_MS = 8;
/** Beyond this many children a directory keeps the order of the archive: sorting would be felt. */
const SORTED_MOST = 50_000;
/** Parts of a path beyond this are one name: no file system has deeper ones. */
const DEPTH_MOST = 512;

/**
 * A tree of items from things with paths, in slices so that keys are answered meanwhile. What is drawn for a node is
 * made when it is looked at.
 */
export async function pathTree<T>(
  things: readonly T[],
  pathOf: (thing: T) => string,
  describe: (name: string, thing: T | undefined, isDirectory: boolean) => Partial<Item>,
  signal: AbortSignal,
): Promise<Item> {
  const root: Node<T> = { name: '', value: undefined, children: undefined, sorted: undefined };
  let deadline = performance.now() + SLICE_MS;
  for (const [index, thing] of things.entries()) {
    insert(root, pathOf(thing), thing);
    if ((index & 255) === 0 && performance.now() > deadline) {
      await breathe();
      signal.throwIfAborted();
      deadline = performance.now() + SLICE_MS;
    }
  }
  const item = (node: Node<T>): Item => ({
    cells: [node.name],
    count: node.children?.size ?? 0,
    child: (index) => {
      const below = sortedChildren(node)[index];
      return below === undefined ? EMPTY : item(below);
    },
    ...describe(node.name, node.value, node.children !== undefined),
  });
  return item(root);
}

function insert<T>(root: Node<T>, path: string, thing: T): void {
  let node = root;
  const parts = path.split('/', DEPTH_MOST).filter((part) => part !== '' && part !== '.');
  for (const part of parts) {
    node.children ??= new Map();
    node.sorted = undefined;
    let next = node.children.get(part);
    if (next === undefined) {
      next = { name: part, value: undefined, children: undefined, sorted: undefined };
      node.children.set(part, next);
    }
    node = next;
  }
  if (node !== root) node.value = thing;
}

function sortedChildren<T>(node: Node<T>): readonly Node<T>[] {
  if (node.sorted !== undefined) return node.sorted;
  const children = [...(node.children?.values() ?? [])];
  if (children.length <= SORTED_MOST) {
    const rank = (child: Node<T>): number => (child.children === undefined ? 1 : 0);
    children.sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  }
  node.sorted = children;
  return children;
}
