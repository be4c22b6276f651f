import type { Input } from '../terminal/input.js';
import { type Command, commandOf } from './keymap.js';
import { currentPane } from './pages.js';
import type { AppState, Effect, Env, Step } from './state.js';

/** More than this nobody types blindly. */
const MOST = 256;

/** Commands that mean the same whether or not the page has come. */
const NEED_NO_PAGE: ReadonlySet<Command> = new Set<Command>([
  ...(['back', 'quit', 'redraw', 'suspend', 'help', 'bookmarks', 'verify', 'goto', 'search-all'] as const),
  ...(['next-screen', 'previous-screen', 'next-tab', 'previous-tab', 'save', 'delete'] as const),
]);

/**
 * The state with an input kept for later, if what it acts on has not come yet; everything typed after it waits
 * behind it. Esc never waits, and what was to come before it is forgotten; neither does Ctrl-C.
 */
export function typeAhead(state: AppState, input: Input, env: Env): AppState | undefined {
  if (input.type === 'wheel' || input.type === 'click' || !isWaiting(state, env)) return undefined;
  const ahead = state.ahead ?? [];
  if (input.type === 'key') {
    if (input.key === 'escape' || input.key === 'ctrl-c' || input.key === 'ctrl-z') return undefined;
    const command = commandOf(input.key);
    if (ahead.length === 0 && (command === undefined || NEED_NO_PAGE.has(command))) return undefined;
  } else if (ahead.length === 0) return undefined;
  if (ahead.length < MOST) return { ...state, ahead: [...ahead, input] };
  return { ...state, toast: { text: 'too much typed ahead: Esc forgets it', tone: 'warn' } };
}

/** Takes what was typed ahead as if it were typed now, until it is done or something has to be waited for again. */
export function replayAhead(state: AppState, env: Env, take: (state: AppState, input: Input) => Step): Step {
  let next = state;
  const effects: Effect[] = [];
  while (next.ahead !== undefined && !isWaiting(next, env)) {
    const [input, ...rest] = next.ahead;
    const step = take({ ...next, ahead: undefined }, input ?? { type: 'paste', text: '' });
    effects.push(...step.effects);
    next = rest.length === 0 ? step.state : { ...step.state, ahead: [...(step.state.ahead ?? []), ...rest] };
  }
  return { state: next, effects };
}

/** Whether keys have nothing to act on yet: no page, or a search that has not found anything so far. */
function isWaiting(state: AppState, env: Env): boolean {
  if (state.typing !== undefined || state.overlay !== undefined) return false;
  const shown = currentPane(state, env);
  if (shown === undefined) return true;
  const { page, content } = shown;
  return content.kind === 'outline' && content.root.count === 0 && env.growing(page.place, page.tab);
}
