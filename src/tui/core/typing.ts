import type { Input } from '../terminal/input.js';
import { currentPage, currentPane, goto, putPane } from './pages.js';
import { parseGoto } from './place.js';
import type { AppState, Effect, Env, Step, Typing } from './state.js';
import { visit } from './visit.js';
import { filterNow } from './walk.js';

/** Nobody types a longer path, pattern or note. */
const TEXT_LIMIT = 4096;

/** What a key or a paste does to the line at the bottom. */
export function reduceTyping(state: AppState, typing: Typing, input: Input, env: Env): Step {
  if (input.type === 'paste') return edited(state, insert(typing, input.text), env);
  if (input.type !== 'key') return { state, effects: [] };
  switch (input.key) {
    case 'escape':
    case 'ctrl-c':
      return cancel(state, typing, env);
    case 'enter':
      return commit({ ...state, typing: undefined }, typing, env);
    case 'backspace': {
      if (typing.text === '') return cancel(state, typing, env);
      const start = before(typing.text, typing.at);
      return edited(state, cutOut(typing, start, typing.at), env);
    }
    case 'delete':
      return edited(state, cutOut(typing, typing.at, after(typing.text, typing.at)), env);
    case 'ctrl-u':
      return edited(state, cutOut(typing, 0, typing.at), env);
    case 'ctrl-w': {
      const start = typing.text.slice(0, typing.at).search(/\S+\s*$/);
      return edited(state, cutOut(typing, Math.max(0, start), typing.at), env);
    }
    case 'left':
      return { state: { ...state, typing: { ...typing, at: before(typing.text, typing.at) } }, effects: [] };
    case 'right':
      return { state: { ...state, typing: { ...typing, at: after(typing.text, typing.at) } }, effects: [] };
    case 'home':
    case 'ctrl-a':
      return { state: { ...state, typing: { ...typing, at: 0 } }, effects: [] };
    case 'end':
    case 'ctrl-e':
      return { state: { ...state, typing: { ...typing, at: typing.text.length } }, effects: [] };
    default: {
      const text = input.key === 'space' ? ' ' : input.key;
      // named keys that mean nothing here are longer than the one character that a typed one is
      if ([...text].length !== 1) return { state, effects: [] };
      return edited(state, insert(typing, text), env);
    }
  }
}

/** After every change a list shows what the filter leaves, so far as it has been searched. */
function edited(state: AppState, typing: Typing, env: Env): Step {
  const next: AppState = { ...state, typing };
  if (typing.purpose.for !== 'search') return { state: next, effects: [] };
  const shown = currentPane(next, env);
  if (shown?.pane.kind !== 'outline' || shown.content.kind !== 'outline' || shown.content.prose === true) {
    return { state: next, effects: [] };
  }
  const { page, pane } = shown;
  const pattern = typing.text;
  if (pattern === '') {
    const cleared = { ...pane, filter: undefined, cursor: 0, top: 0 };
    return { state: putPane(next, page, page.tab, cleared), effects: [{ do: 'stop' }] };
  }
  const matches = filterNow(shown.content.root, pattern);
  if (matches !== undefined) {
    const filtered = { ...pane, filter: { pattern, matches }, pattern, cursor: 0, top: 0 };
    return { state: putPane(next, page, page.tab, filtered), effects: [{ do: 'stop' }] };
  }
  // what the shorter pattern left stays in sight until the first of the new matches are there
  const filter = { pattern, matches: pane.filter?.matches };
  const filtered = { ...pane, filter, pattern, cursor: 0, top: 0 };
  return {
    state: putPane(next, page, page.tab, filtered),
    effects: [{ do: 'filter', place: page.place, tab: page.tab, pattern }],
  };
}

function cancel(state: AppState, typing: Typing, env: Env): Step {
  const next: AppState = { ...state, typing: undefined };
  if (typing.purpose.for !== 'search') return { state: next, effects: [] };
  const shown = currentPane(next, env);
  if (shown?.pane.kind !== 'outline' || shown.pane.filter === undefined) return { state: next, effects: [] };
  const pane = { ...shown.pane, filter: undefined, cursor: 0, top: 0 };
  return { state: putPane(next, shown.page, shown.page.tab, pane), effects: [{ do: 'stop' }] };
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
      const pid = shown?.content.kind === 'hex' ? shown.content.pid : pidOf(state);
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

/** The process whose page is shown, for an address without a PID. */
function pidOf(state: AppState): number | undefined {
  const { place } = currentPage(state);
  return place.page === 'process' && place.subject !== undefined ? Number(place.subject) : undefined;
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
