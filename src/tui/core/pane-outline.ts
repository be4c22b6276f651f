import type { Command } from './keymap.js';
import {
  type Item,
  isOpen,
  itemAt,
  type OutlineContent,
  opened,
  type Path,
  reveal,
  rowAt,
  rowOf,
  setOpen,
} from './outline.js';
import type { OutlineState } from './state.js';
import { Walk } from './walk.js';

/** No single key opens more items than this. */
const OPEN_LIMIT = 5000;
const SIDEWAYS = 8;

export function openOutline(content: OutlineContent): OutlineState {
  let tree = opened(content.root);
  for (const path of content.open ?? []) {
    const item = itemAt(content.root, path);
    if (item !== undefined && item.count > 0) tree = setOpen(tree, path, opened(item));
  }
  return { kind: 'outline', root: content.root, tree, cursor: 0, top: 0, left: 0 };
}

/** The same place in contents that have taken the place of others, with more rows at the end. */
export function adoptOutline(content: OutlineContent, state: OutlineState, height: number): OutlineState {
  if (state.root === content.root) return state;
  const before = state.root.count;
  const { rows, open } = state.tree;
  const tree =
    content.root.count >= before
      ? { rows: rows + content.root.count - before, open }
      : openOutline(content).tree;
  return moveTo({ ...state, root: content.root, tree }, state.cursor, height);
}

/** Rows that can be scrolled over now: all that are visible, or those that the filter leaves. */
export function outlineRows(state: OutlineState): number {
  return state.filter === undefined ? state.tree.rows : (state.filter.matches?.paths.length ?? 0);
}

/** The item in a row, and its path. */
export function outlineRow(
  content: OutlineContent,
  state: OutlineState,
  row: number,
): { item: Item; path: Path } | undefined {
  if (state.filter === undefined) return rowAt(content.root, state.tree, row);
  const path = state.filter.matches?.paths[row];
  const item = path === undefined ? undefined : itemAt(content.root, path);
  return item === undefined || path === undefined ? undefined : { item, path };
}

/** Puts the cursor on a path, opening what hides it. */
export function showPath(
  content: OutlineContent,
  state: OutlineState,
  path: Path,
  height: number,
): OutlineState {
  const tree = reveal(content.root, state.tree, path);
  return moveTo({ ...state, tree, filter: undefined }, rowOf(tree, path), height);
}

/**
 * Puts the cursor of a filtered list on the item that it was on before, if that is among the matches.
 *
 * @param from - matches before this one have been looked through
 */
export function backToKept(state: OutlineState, from: number, height: number): OutlineState {
  const { kept } = state;
  const paths = state.filter?.matches?.paths ?? [];
  if (kept === undefined) return state;
  for (let at = from; at < paths.length; at += 1) {
    const path = paths[at] ?? [];
    if (path.length === kept.length && path.every((part, depth) => part === kept[depth])) {
      return moveTo(state, at, height);
    }
  }
  return state;
}

/** Finds an item by its id among what is open and the first levels of what is not. */
export function findId(content: OutlineContent, id: string): Path | undefined {
  const walk = new Walk(content.root);
  for (let seen = 0; seen < 500_000 && walk.next(); seen += 1) {
    if (walk.item.id === id) return walk.path;
  }
  return undefined;
}

/** Moves the cursor to a row and scrolls no more than needed to show it. */
export function moveTo(state: OutlineState, row: number, height: number): OutlineState {
  const rows = outlineRows(state);
  const cursor = Math.max(0, Math.min(row, rows - 1));
  const lowest = Math.max(0, rows - height);
  const top = Math.min(Math.max(Math.min(state.top, cursor), cursor - height + 1, 0), lowest);
  return { ...state, cursor, top };
}

/** Scrolls without the cursor, which stays in sight. */
export function scroll(state: OutlineState, by: number, height: number): OutlineState {
  const top = Math.max(0, Math.min(state.top + by, outlineRows(state) - height));
  const cursor = Math.max(top, Math.min(state.cursor, top + height - 1));
  return moveTo({ ...state, top }, cursor, height);
}

/** The state after a command, or undefined if the command is none of an outline's. */
export function reduceOutline(
  content: OutlineContent,
  state: OutlineState,
  command: Command,
  height: number,
): OutlineState | undefined {
  const to = (row: number): OutlineState => moveTo(state, row, height);
  switch (command) {
    case 'up':
      return to(state.cursor - 1);
    case 'down':
      return to(state.cursor + 1);
    case 'page-up':
      return to(state.cursor - Math.max(1, height - 1));
    case 'page-down':
      return to(state.cursor + Math.max(1, height - 1));
    case 'half-up':
      return to(state.cursor - Math.max(1, height >> 1));
    case 'half-down':
      return to(state.cursor + Math.max(1, height >> 1));
    case 'top':
      return to(0);
    case 'bottom':
      return to(Number.MAX_SAFE_INTEGER);
    case 'left':
      return left(content, state, height);
    case 'right':
      return right(content, state, height);
    case 'toggle':
      return toggle(content, state, height);
    case 'open-all':
      return openAll(content, state, height);
    case 'close-all': {
      const current = outlineRow(content, state, state.cursor);
      const tree = opened(content.root);
      return moveTo({ ...state, tree }, rowOf(tree, current?.path ?? []), height);
    }
    default:
      return undefined;
  }
}

function toggle(content: OutlineContent, state: OutlineState, height: number): OutlineState {
  const current = outlineRow(content, state, state.cursor);
  if (current === undefined || current.item.count === 0 || state.filter !== undefined) return state;
  const node = isOpen(state.tree, current.path) ? undefined : opened(current.item);
  return moveTo({ ...state, tree: setOpen(state.tree, current.path, node) }, state.cursor, height);
}

function left(content: OutlineContent, state: OutlineState, height: number): OutlineState | undefined {
  if (content.prose === true) return { ...state, left: Math.max(0, state.left - SIDEWAYS) };
  const current = outlineRow(content, state, state.cursor);
  if (current === undefined || state.filter !== undefined) return undefined;
  if (isOpen(state.tree, current.path)) return toggle(content, state, height);
  if (current.path.length < 2) return undefined;
  return moveTo(state, rowOf(state.tree, current.path.slice(0, -1)), height);
}

function right(content: OutlineContent, state: OutlineState, height: number): OutlineState | undefined {
  if (content.prose === true) return { ...state, left: state.left + SIDEWAYS };
  const current = outlineRow(content, state, state.cursor);
  if (current === undefined || current.item.count === 0 || state.filter !== undefined) return undefined;
  if (!isOpen(state.tree, current.path)) return toggle(content, state, height);
  return moveTo(state, state.cursor + 1, height);
}

/** Opens everything below the cursor's item, or everything if that item has nothing below it, up to a limit. */
function openAll(content: OutlineContent, state: OutlineState, height: number): OutlineState {
  if (state.filter !== undefined) return state;
  const current = outlineRow(content, state, state.cursor);
  const base = current !== undefined && current.item.count > 0 ? current.path : [];
  const start = itemAt(content.root, base);
  if (start === undefined) return state;
  let tree = state.tree;
  let budget = OPEN_LIMIT;
  const queue: { item: Item; path: Path }[] = [{ item: start, path: base }];
  for (let next = queue.shift(); next !== undefined && budget > 0; next = queue.shift()) {
    const { item, path } = next;
    if (path.length > 0 && !isOpen(tree, path)) tree = setOpen(tree, path, opened(item));
    for (let at = 0; at < item.count && budget > 0; at += 1) {
      budget -= 1;
      const child = item.child?.(at);
      if (child !== undefined && child.count > 0) queue.push({ item: child, path: [...path, at] });
    }
  }
  return moveTo({ ...state, tree }, rowOf(tree, current?.path ?? []), height);
}
