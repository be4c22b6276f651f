import { ask } from './ask.js';
import type { Command } from './keymap.js';
import { goto } from './pages.js';
import type { AppState, Env, Overlay, Step } from './state.js';

const PAGE = 10;
/** How far each moving key moves in an overlay. */
const BY: Readonly<Partial<Record<Command, number>>> = {
  up: -1,
  down: 1,
  'page-up': -PAGE,
  'page-down': PAGE,
  'half-up': -PAGE / 2,
  'half-down': PAGE / 2,
  top: -1e9,
  bottom: 1e9,
};

/** What a key does while something is drawn over the page; undefined lets the page have it. */
export function reduceOverlay(
  state: AppState,
  overlay: Overlay,
  command: Command,
  env: Env,
): Step | undefined {
  if (command === 'back' || (command === 'help' && overlay.kind === 'help')) {
    return only({ ...state, overlay: undefined });
  }
  if (overlay.kind === 'bookmarks') return reduceBookmarks(state, overlay, command, env);
  const by = BY[command];
  if (by !== undefined) {
    // the drawing knows how many lines there are, and stops at the last
    return only({ ...state, overlay: { ...overlay, top: Math.max(0, Math.min(overlay.top + by, 1e6)) } });
  }
  if (overlay.kind === 'item' && command === 'enter') return only({ ...state, overlay: undefined });
  return overlay.kind === 'help' && command !== 'redraw' ? only({ ...state, overlay: undefined }) : undefined;
}

function reduceBookmarks(
  state: AppState,
  overlay: Overlay & { kind: 'bookmarks' },
  command: Command,
  env: Env,
): Step | undefined {
  const by = BY[command];
  const count = state.bookmarks.length;
  if (by !== undefined) {
    const cursor = Math.max(0, Math.min(overlay.cursor + by, count - 1));
    return only({ ...state, overlay: { ...overlay, cursor } });
  }
  switch (command) {
    case 'enter': {
      const bookmark = state.bookmarks[overlay.cursor];
      return only(bookmark === undefined ? state : goto(state, bookmark.place, env));
    }
    case 'delete': {
      const bookmarks = state.bookmarks.filter((_, at) => at !== overlay.cursor);
      const cursor = Math.max(0, Math.min(overlay.cursor, bookmarks.length - 1));
      return only({ ...state, bookmarks, unsaved: bookmarks.length > 0, overlay: { ...overlay, cursor } });
    }
    case 'save':
    case 'extract':
      if (count === 0 && state.verification?.result === undefined) {
        return only({
          ...state,
          toast: { text: 'neither bookmarks nor a verification to save', tone: 'plain' },
        });
      }
      return only(ask(state, { for: 'save' }, 'case-note.md'));
    case 'bookmarks':
      return only({ ...state, overlay: undefined });
    default:
      return undefined;
  }
}

function only(state: AppState): Step {
  return { state, effects: [] };
}
