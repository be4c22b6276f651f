import type { Input } from '../terminal/input.js';
import { toggleSwitch } from './byte-pattern.js';
import { promptCommandOf } from './keymap.js';
import type { OutlineContent } from './outline.js';
import { currentPage, currentPane, goto, putPane } from './pages.js';
import { backToKept, showPath } from './pane-outline.js';
import { parseGoto } from './place.js';
import type { AppState, Effect, Env, OutlineState, Step, Typing } from './state.js';
import { visit } from './visit.js';
import { filterNow } from './walk.js';

/** Nobody types a longer path, pattern or note. */
const TEXT_LIMIT = 4096;

/** What a key or a paste does to the line at the bottom. */
export function reduceTyping(state: AppState, typing: Typing, input: Input, env: Env): Step {
  if (input.type === 'paste') return edited(state, insert(typing, input.text), env);
  if (input.type !== 'key') return { state, effects: [] };
  const moved = (at: number): Step => ({ state: { ...state, typing: { ...typing, at } }, effects: [] });
  const { text, at } = typing;
  const command = promptCommandOf(input.key);
  switch (command) {
    case 'cancel':
      return cancel(state, typing, env);
    case 'accept':
      return commit({ ...state, typing: undefined }, typing, env);
    case 'erase':
      if (text === '') return cancel(state, typing, env);
      return edited(state, cutOut(typing, before(text, at), at), env);
    case 'erase-next':
      return edited(state, cutOut(typing, at, after(text, at)), env);
    case 'erase-line':
      return edited(state, cutOut(typing, 0, at), env);
    case 'erase-word':
      return edited(state, cutOut(typing, Math.max(0, text.slice(0, at).search(/\S+\s*$/)), at), env);
    case 'left':
      return moved(before(text, at));
    case 'right':
      return moved(after(text, at));
    case 'begin':
      return moved(0);
    case 'end':
      return moved(text.length);
    case 'any-case':
    case 'utf16':
    case 'regex':
    case 'hex': {
      if (!isOfBytes(typing)) return { state, effects: [] };
      const switched = toggleSwitch(text, command);
      const kept = Math.max(0, at + switched.length - text.length);
      return { state: { ...state, typing: { ...typing, text: switched, at: kept } }, effects: [] };
    }
    case undefined: {
      const character = input.key === 'space' ? ' ' : input.key;
      // named keys that mean nothing here are longer than the one character that a typed one is
      if ([...character].length !== 1) return { state, effects: [] };
      return edited(state, insert(typing, character), env);
    }
  }
}

/** Whether what is typed is looked for in bytes, where it can be more than text. */
export function isOfBytes({ purpose }: Typing): boolean {
  return purpose.for === 'search-all' || (purpose.for === 'search' && purpose.bytes === true);
}

/** After every change a list shows what the filter leaves, so far as it has been searched. */
function edited(state: AppState, typing: Typing, env: Env): Step {
  const next: AppState = { ...state, typing };
  if (typing.purpose.for !== 'search') return { state: next, effects: [] };
  const shown = currentPane(next, env);
  if (shown?.pane.kind !== 'outline' || shown.content.kind !== 'outline' || shown.content.prose === true) {
    return { state: next, effects: [] };
  }
  const { page, pane, content, height } = shown;
  const pattern = typing.text;
  const put = (filtered: OutlineState): AppState => putPane(next, page, page.tab, filtered);
  if (pattern === '')
    return { state: put(unfiltered(content, pane, height)), effects: [{ do: 'stop', only: 'find' }] };
  const matches = filterNow(content.root, pattern);
  if (matches !== undefined) {
    const filtered = { ...pane, filter: { pattern, matches }, pattern, cursor: 0, top: 0 };
    return { state: put(backToKept(filtered, 0, height)), effects: [{ do: 'stop', only: 'find' }] };
  }
  // what the shorter pattern left stays in sight until the first of the new matches are there
  const filter = { pattern, matches: pane.filter?.matches };
  return {
    state: put({ ...pane, filter, pattern, cursor: 0, top: 0 }),
    effects: [{ do: 'filter', place: page.place, tab: page.tab, pattern }],
  };
}

/** Without a filter again, and where one was before it. */
function unfiltered(content: OutlineContent, pane: OutlineState, height: number): OutlineState {
  return showPath(content, pane, pane.kept ?? [0], height);
}

function cancel(state: AppState, typing: Typing, env: Env): Step {
  const next: AppState = { ...state, typing: undefined };
  if (typing.purpose.for !== 'search') return { state: next, effects: [] };
  const shown = currentPane(next, env);
  if (shown?.pane.kind !== 'outline' || shown.content.kind !== 'outline') return { state: next, effects: [] };
  if (shown.pane.filter === undefined) return { state: next, effects: [] };
  const pane = unfiltered(shown.content, shown.pane, shown.height);
  return { state: putPane(next, shown.page, shown.page.tab, pane), effects: [{ do: 'stop', only: 'find' }] };
}

function commit(state: AppState, typing: Typing, env: Env): Step {
  const text = typing.text;
  const { purpose } = typing;
  switch (purpose.for) {
    case 'search':
      return commitSearch(state, text, env);
    case 'search-all':
      if (text === '') return { state, effects: [] };
      return { state: goto(state, { page: 'found', subject: text }, env), effects: [] };
    case 'goto': {
      const shown = currentPane(state, env);
      const { place, tab } = currentPage(state);
      // its hex tab may not have come yet
      const inFile =
        shown?.content.kind === 'hex'
          ? shown.content.pid === undefined
          : tab === 'hex' && place.page !== 'hex';
      if (inFile && /^0x[0-9a-f]{1,16}$/i.test(text.trim())) {
        return { state: goto(state, { ...place, tab, at: text.trim().toLowerCase() }, env), effects: [] };
      }
      const pid = pidOf(state);
      const target = parseGoto(text, pid, env.entries);
      if ('place' in target) return visit(state, target.place, env);
      return { state: { ...state, toast: { text: target.problem, tone: 'warn' } }, effects: [] };
    }
    case 'bookmark': {
      const { place, label } = purpose;
      const bookmarks = [...state.bookmarks, { place, label, note: text, time: env.now() }];
      const toast = { text: 'bookmarked; B shows the bookmarks, w there saves them', tone: 'good' } as const;
      return { state: { ...state, bookmarks, unsaved: true, toast }, effects: [] };
    }
    case 'extract': {
      if (text === '') return { state, effects: [] };
      const effect: Effect = { do: 'extract', extract: purpose.extract, path: text };
      return { state, effects: [effect] };
    }
    case 'save':
      if (text === '') return { state, effects: [] };
      return {
        state,
        effects: [{ do: 'save', path: text, bookmarks: state.bookmarks, verification: state.verification }],
      };
  }
}

function commitSearch(state: AppState, pattern: string, env: Env): Step {
  const shown = currentPane(state, env);
  if (shown === undefined) return { state, effects: [] };
  const { page, pane, content } = shown;
  const { place, tab } = page;
  if (pane.kind === 'hex') {
    if (pattern === '') return { state, effects: [] };
    const next = putPane(state, page, tab, { ...pane, pattern, hit: undefined });
    return {
      state: next,
      effects: [{ do: 'find-bytes', place, tab, pattern, from: pane.cursor - 1n, by: 1 }],
    };
  }
  if (content.kind !== 'outline' || content.prose !== true || pattern === '') return { state, effects: [] };
  const next = putPane(state, page, tab, { ...pane, pattern });
  const from = pane.cursor === 0 ? [] : [pane.cursor - 1];
  return { state: next, effects: [{ do: 'find-item', place, tab, pattern, from, by: 1 }] };
}

/** The process whose page or memory is shown, for an address without a PID. */
function pidOf(state: AppState): number | undefined {
  const { place } = currentPage(state);
  return (place.page === 'process' || place.page === 'hex') && place.subject !== undefined
    ? Number(place.subject)
    : undefined;
}

function insert(typing: Typing, text: string): Typing {
  // one line is asked for: what is pasted after its first line is not part of it
  const line = text.split(/[\r\n]/)[0] ?? '';
  const room = Math.max(0, TEXT_LIMIT - typing.text.length);
  const added = line.slice(0, room);
  const result = typing.text.slice(0, typing.at) + added + typing.text.slice(typing.at);
  return { ...typing, text: result, at: typing.at + added.length };
}

function cutOut(typing: Typing, from: number, to: number): Typing {
  return { ...typing, text: typing.text.slice(0, from) + typing.text.slice(to), at: from };
}

/** The index of the character before `at`: surrogate pairs are one. */
function before(text: string, at: number): number {
  return at - ([...text.slice(0, at)].at(-1)?.length ?? 0);
}

function after(text: string, at: number): number {
  return at + ([...text.slice(at)][0]?.length ?? 0);
}
