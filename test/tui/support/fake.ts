import type { HexContent, Region } from '../../../src/tui/core/hex.js';
import type { Item, OutlineContent } from '../../../src/tui/core/outline.js';
import type { Place } from '../../../src/tui/core/place.js';
import type { Content, Env, PageSpec } from '../../../src/tui/core/state.js';

/** A list of `count` rows, each made when asked for. */
export function rows(count: number, name = (index: number): string => `row ${index}`): Item {
  return { cells: [], count, child: (index) => ({ cells: [name(index)], count: 0, id: String(index) }) };
}

/** A tree in which every item down to `depth` has `width` children. */
export function tree(width: number, depth: number, label = ''): Item {
  return {
    cells: [label],
    count: depth > 0 ? width : 0,
    child: (index) => tree(width, depth - 1, label === '' ? String(index) : `${label}.${index}`),
  };
}

export function outline(root: Item, more: Partial<OutlineContent> = {}): OutlineContent {
  return { kind: 'outline', columns: [{ header: 'NAME' }], root, empty: 'nothing', ...more };
}

/** One region of bytes that never come. */
export function bytes(region: Region, pid?: number): HexContent {
  return {
    kind: 'hex',
    regions: [region],
    pid,
    empty: 'none',
    peek: () => ({ state: 'loading' }),
    find: async () => undefined,
    extract: () => ({ name: 'x', async *stream() {} }),
    whole: () => ({ name: 'x', async *stream() {} }),
  };
}

/** A world of pages whose contents are there from the beginning. */
export function fakeEnv(
  contents: Readonly<Record<string, Content>> = {},
  pages: Readonly<Record<string, Partial<PageSpec>>> = {},
): Env {
  return {
    page: (place: Place) => ({
      screen: screenOf(place),
      title: `${place.page} ${place.subject ?? ''}`.trim(),
      tabs: [{ id: 'a', title: 'a', load: () => Promise.reject(new Error('not loaded in this test')) }],
      ...pages[place.page],
    }),
    content: (place, tab) => contents[`${place.page}/${tab}`] ?? contents[place.page],
    growing: () => false,
    entries: ['config.dump', 'checkpoint/core-1.img', 'checkpoint/pages-1.img'],
    now: () => '2026-11-23T18:00:00Z',
  };
}

function screenOf({ page }: Place): PageSpec['screen'] {
  switch (page) {
    case 'process':
      return 'processes';
    case 'hex':
    case 'found':
      return 'memory';
    case 'entry':
    case 'object':
      return 'files';
    case 'verification':
      return 'overview';
    case 'image':
      return 'images';
    default:
      return page;
  }
}
