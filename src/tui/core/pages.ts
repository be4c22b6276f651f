import { formatAddress } from '../../base/units.js';
import type { HexContent, HexState } from './hex.js';
import { layoutOf, paneHeight } from './layout.js';
import { openHex, showAddress } from './pane-hex.js';
import { adoptOutline, findId, openOutline, outlineRow, showPath } from './pane-outline.js';
import { type Place, placeKey, SCREENS, type ScreenName } from './place.js';
import type { AppState, Content, Env, PageState, PaneState } from './state.js';

/** The page that is shown. */
export function currentPage(state: AppState): PageState {
  const page = state.stacks[state.screen].at(-1);
  if (page === undefined) throw new Error(`screen ${state.screen} has no page`);
  return page;
}

/** The pane that is shown and its contents, once there are any. */
export function currentPane(
  state: AppState,
  env: Env,
): { page: PageState; content: Content; pane: PaneState; height: number } | undefined {
  const page = currentPage(state);
  const content = env.content(page.place, page.tab);
  if (content === undefined) return undefined;
  const height = bodyHeight(state, env, page, content);
  const pane = paneOf(page, page.tab, content, state.size.columns, height);
  return { page, content, pane, height };
}

/** Gives every page of the shown screen whose contents have arrived its pane, with the cursor where it was asked for. */
export function settlePanes(state: AppState, env: Env): AppState {
  const page = currentPage(state);
  const shown = currentPane(state, env);
  if (shown === undefined || shown.pane === page.panes[page.tab]) return state;
  const settled = putPane(state, page, page.tab, shown.pane);
  const { content, pane } = shown;
  const fresh = page.panes[page.tab] === undefined && pane.kind === 'hex' && content.kind === 'hex';
  if (!fresh || pane.missed === undefined) return settled;
  return { ...settled, toast: { text: missedText(content, pane, pane.missed), tone: 'warn' } };
}

function missedText(content: HexContent, pane: HexState, missed: bigint): string {
  const what = `${formatAddress(missed)} is ${content.pid === undefined ? 'not in it' : 'not mapped'}`;
  if (content.regions.length === 0) return `${what}: nothing is`;
  return `${what}: this is ${formatAddress(pane.cursor)}, the nearest that is`;
}

/** Changes one tab's pane, wherever its page is open. */
export function updatePane(
  state: AppState,
  env: Env,
  place: Place,
  tab: string,
  change: (pane: PaneState, content: Content, height: number) => PaneState,
): AppState {
  const content = env.content(place, tab);
  if (content === undefined) return state;
  const key = placeKey(place);
  let result = state;
  for (const screen of SCREENS) {
    for (const page of state.stacks[screen]) {
      if (placeKey(page.place) !== key) continue;
      const height = bodyHeight(state, env, page, content);
      const pane = paneOf(page, tab, content, state.size.columns, height);
      const changed = change(pane, content, height);
      if (changed !== page.panes[tab]) result = putPane(result, page, tab, changed);
    }
  }
  return result;
}

export function showScreen(state: AppState, screen: ScreenName): AppState {
  // the number of the screen that is shown already goes to its first page
  if (screen === state.screen) {
    const [root] = state.stacks[screen];
    const stacks = root === undefined ? state.stacks : { ...state.stacks, [screen]: [root] };
    return { ...state, stacks, overlay: undefined };
  }
  return { ...state, screen, overlay: undefined };
}

/** Goes to a place: a screen's own page, or a page on top of what is open there. Esc leads back. */
export function goto(state: AppState, place: Place, env: Env): AppState {
  const spec = env.page(place);
  const stack = state.stacks[spec.screen];
  const tab = spec.tabs.find(({ id }) => id === place.tab)?.id ?? spec.tabs[0]?.id ?? '';
  const from = state.screen === spec.screen ? undefined : state.screen;
  const top = stack.at(-1);
  const [root] = stack;
  let next: readonly PageState[];
  if (root !== undefined && placeKey(root.place) === placeKey(place)) {
    next = [{ ...root, place, tab, panes: without(root.panes, place.at === undefined ? undefined : tab) }];
  } else if (top !== undefined && placeKey(top.place) === placeKey(place)) {
    const panes = without(top.panes, place.at === undefined ? undefined : tab);
    next = [...stack.slice(0, -1), { ...top, place, tab, panes }];
  } else {
    next = [...stack, { place, tab, panes: {}, ...(from === undefined ? {} : { from }) }];
  }
  const moved: AppState = {
    ...state,
    screen: spec.screen,
    stacks: { ...state.stacks, [spec.screen]: next },
    overlay: undefined,
  };
  return settlePanes(moved, env);
}

/** Out of a selection, a filter, a page: whichever is innermost. */
export function leavePage(state: AppState, env: Env): AppState {
  const shown = currentPane(state, env);
  if (shown?.pane.kind === 'hex' && shown.pane.anchor !== undefined) {
    return putPane(state, shown.page, shown.page.tab, { ...shown.pane, anchor: undefined });
  }
  if (shown?.pane.kind === 'outline' && shown.content.kind === 'outline' && shown.pane.filter !== undefined) {
    const row = outlineRow(shown.content, shown.pane, shown.pane.cursor);
    const pane = showPath(shown.content, shown.pane, row?.path ?? [0], shown.height);
    return putPane(state, shown.page, shown.page.tab, pane);
  }
  const stack = state.stacks[state.screen];
  if (stack.length < 2) return { ...state, toast: { text: 'q quits', tone: 'plain' } };
  const left = stack.at(-1);
  const stacks = { ...state.stacks, [state.screen]: stack.slice(0, -1) };
  return settlePanes({ ...state, stacks, screen: left?.from ?? state.screen }, env);
}

/** Shows the tab so many further on. */
export function turnTab(state: AppState, by: number, env: Env): AppState {
  const page = currentPage(state);
  const tabs = env.page(page.place).tabs;
  const at = tabs.findIndex(({ id }) => id === page.tab);
  const tab = tabs[(at + by + tabs.length) % tabs.length];
  return tab === undefined || tabs.length < 2 ? state : showTab(state, tab.id, env);
}

/** Shows a tab of the page by its id. */
export function showTab(state: AppState, tab: string, env: Env): AppState {
  const page = currentPage(state);
  return settlePanes(replacePage(state, page, { ...page, tab }), env);
}

export function putPane(state: AppState, page: PageState, tab: string, pane: PaneState): AppState {
  const current = state.stacks;
  for (const screen of SCREENS) {
    const at = current[screen].findIndex((open) => open === page || samePage(open, page));
    if (at < 0) continue;
    const open = current[screen][at];
    if (open === undefined) continue;
    const stack = current[screen].with(at, { ...open, panes: { ...open.panes, [tab]: pane } });
    return { ...state, stacks: { ...current, [screen]: stack } };
  }
  return state;
}

function replacePage(state: AppState, page: PageState, by: PageState): AppState {
  const stack = state.stacks[state.screen].map((open) => (open === page ? by : open));
  return { ...state, stacks: { ...state.stacks, [state.screen]: stack } };
}

function samePage(a: PageState, b: PageState): boolean {
  return placeKey(a.place) === placeKey(b.place) && a.from === b.from;
}

function bodyHeight(state: AppState, env: Env, page: PageState, content: Content): number {
  return paneHeight(content, layoutOf(state.size, env.page(page.place)).rows);
}

/** A tab's pane as it was left, or fresh; where the contents have grown since, with the new rows. */
function paneOf(page: PageState, tab: string, content: Content, columns: number, height: number): PaneState {
  const left = page.panes[tab];
  if (left === undefined || left.kind !== content.kind) return openPane(content, page, columns, height);
  if (left.kind === 'outline' && content.kind === 'outline') return adoptOutline(content, left, height);
  return left;
}

function openPane(content: Content, page: PageState, columns: number, height: number): PaneState {
  const { at } = page.place;
  if (content.kind === 'hex') {
    const pane = openHex(content, columns);
    if (at === undefined || !/^0x[0-9a-f]{1,16}$/.test(at)) return pane;
    const shown = showAddress(content, pane, BigInt(at), height);
    return shown.cursor === BigInt(at) ? shown : { ...shown, missed: BigInt(at) };
  }
  const pane = openOutline(content);
  const path = at === undefined || page.place.tab !== page.tab ? undefined : findId(content, at);
  return path === undefined ? pane : showPath(content, pane, path, height);
}

function without(panes: PageState['panes'], tab: string | undefined): PageState['panes'] {
  return tab === undefined
    ? panes
    : Object.fromEntries(Object.entries(panes).filter(([name]) => name !== tab));
}

/** What stands beside the page in a wide terminal: where Enter would lead from the cursor. */
export function sidePane(
  state: AppState,
  env: Env,
): { place: Place; tab: string; title: string; content?: Content; pane?: PaneState } | undefined {
  const page = currentPage(state);
  const layout = layoutOf(state.size, env.page(page.place));
  const shown = layout.side === 0 ? undefined : currentPane(state, env);
  if (shown?.content.kind !== 'outline' || shown.pane.kind !== 'outline') return undefined;
  const place = outlineRow(shown.content, shown.pane, shown.pane.cursor)?.item.place;
  if (place === undefined) return undefined;
  const spec = env.page(place);
  const tab = spec.tabs.find(({ id }) => id === place.tab)?.id ?? spec.tabs[0]?.id ?? '';
  const content = env.content(place, tab);
  const title = spec.title;
  if (content === undefined) return { place, tab, title };
  const height = Math.max(1, paneHeight(content, layout.rows) - 2);
  const pane = openPane(content, { place, tab, panes: {} }, layout.side, height);
  return { place, tab, title, content, pane };
}
