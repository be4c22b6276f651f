import type { Input } from '../terminal/input.js';
import { ask } from './ask.js';
import type { HexHit } from './hex.js';
import { type Command, commandOf } from './keymap.js';
import { reduceMouse } from './mouse.js';
import type { Path } from './outline.js';
import { reduceOverlay } from './overlay.js';
import { currentPage, currentPane, leavePage, settlePanes, showScreen, updatePane } from './pages.js';
import { paneAction } from './pane-action.js';
import { resizeHex, showHit } from './pane-hex.js';
import { backToKept, moveTo, showPath } from './pane-outline.js';
import { type Place, SCREENS, type ScreenName } from './place.js';
import type { AppState, Env, Job, PageState, Size, Step, Toast } from './state.js';
import { replayAhead, typeAhead } from './type-ahead.js';
import { reduceTyping } from './typing.js';
import { outcomeOf, type Verification, verifiedStanding } from './verification.js';
import { verifyNow } from './visit.js';
import type { Matches } from './walk.js';

/** Everything that can happen: what a person did, and what work came to. */
export type Action =
  | { readonly type: 'input'; readonly input: Input }
  | { readonly type: 'resize'; readonly size: Size }
  | { readonly type: 'loaded' }
  | { readonly type: 'matches'; readonly place: Place; readonly tab: string; readonly matches: Matches }
  | {
      readonly type: 'found-item';
      readonly place: Place;
      readonly tab: string;
      readonly pattern: string;
      readonly path: Path | undefined;
    }
  | {
      readonly type: 'found-bytes';
      readonly place: Place;
      readonly tab: string;
      readonly pattern: string;
      readonly hit: HexHit | undefined;
    }
  | { readonly type: 'job'; readonly job: Job | undefined }
  | { readonly type: 'toast'; readonly toast: Toast }
  | { readonly type: 'verification'; readonly verification: Verification }
  | { readonly type: 'saved'; readonly toast: Toast };

export function initialState(size: Size, env: Env): AppState {
  const root = (page: ScreenName): readonly PageState[] => [
    { place: { page }, tab: env.page({ page }).tabs[0]?.id ?? '', panes: {} },
  ];
  return {
    size,
    screen: 'overview',
    stacks: {
      overview: root('overview'),
      processes: root('processes'),
      memory: root('memory'),
      files: root('files'),
      network: root('network'),
      mounts: root('mounts'),
      images: root('images'),
      logs: root('logs'),
    },
    bookmarks: [],
    unsaved: false,
    leaving: false,
  };
}

/** The next state, and the work that it asks for. Nothing else happens here. */
export function reduce(state: AppState, action: Action, env: Env): Step {
  switch (action.type) {
    case 'input':
      return reduceInput(state, action.input, env);
    case 'resize':
      return only(resized({ ...state, size: action.size }, env));
    case 'loaded':
      return replay(settlePanes(state, env), env);
    case 'matches':
      return only(
        updatePane(state, env, action.place, action.tab, (pane, _content, height) => {
          if (pane.kind !== 'outline' || pane.filter?.pattern !== action.matches.pattern) return pane;
          const before = pane.filter.matches;
          const seen = before?.pattern === action.matches.pattern ? before.paths.length : 0;
          const filter = { ...pane.filter, matches: action.matches };
          const moved = moveTo({ ...pane, filter }, pane.cursor, height);
          return pane.cursor === 0 ? backToKept(moved, seen, height) : moved;
        }),
      );
    case 'found-item':
      return foundItem(state, action, env);
    case 'found-bytes':
      return foundBytes(state, action, env);
    case 'job':
      return only({ ...state, job: action.job });
    case 'toast':
      return only({ ...state, toast: action.toast });
    case 'verification':
      return only(verified(state, action.verification, env));
    case 'saved':
      return only({ ...state, toast: action.toast, unsaved: false });
  }
}

/** What was typed before the page came, now that it has. */
function replay(state: AppState, env: Env): Step {
  return replayAhead(state, env, (next, input) => reduceInput(next, input, env));
}

function reduceInput(before: AppState, input: Input, env: Env): Step {
  const at = input.type === 'key' && (input.key === 'escape' || input.key === 'ctrl-c');
  const state: AppState = { ...before, toast: undefined, ahead: at ? undefined : before.ahead };
  const ahead = typeAhead(state, input, env);
  if (ahead !== undefined) return only(ahead);
  if (state.typing !== undefined) return reduceTyping(state, state.typing, input, env);
  if (input.type === 'paste') return only(state);
  if (input.type !== 'key') return reduceMouse(state, input, env);
  const command = commandOf(input.key);
  const calm = command === 'quit' ? state : { ...state, leaving: false };
  if (calm.overlay !== undefined && input.key === 'q') return only({ ...calm, overlay: undefined });
  if (calm.overlay !== undefined && command !== undefined && command !== 'quit') {
    const step = reduceOverlay(calm, calm.overlay, command, env);
    if (step !== undefined) return step;
  }
  const screen: ScreenName | undefined = /^[1-8]$/.test(input.key)
    ? SCREENS[Number(input.key) - 1]
    : undefined;
  if (screen !== undefined) return only(settlePanes(showScreen(calm, screen), env));
  if (command === undefined) {
    const toast: Toast = { text: `${input.key} is not a key here; ? shows those that are`, tone: 'plain' };
    return only({ ...calm, toast });
  }
  return reduceCommand(calm, command, env);
}

function reduceCommand(state: AppState, command: Command, env: Env): Step {
  switch (command) {
    case 'quit':
      return quit(state);
    case 'redraw':
      return { state, effects: [{ do: 'redraw' }] };
    case 'suspend':
      return { state, effects: [{ do: 'suspend' }] };
    case 'help':
      return only({ ...state, overlay: { kind: 'help', top: 0 } });
    case 'bookmarks':
      return only({ ...state, overlay: { kind: 'bookmarks', cursor: 0 } });
    case 'next-screen':
    case 'previous-screen': {
      const by = command === 'next-screen' ? 1 : SCREENS.length - 1;
      const next = SCREENS[(SCREENS.indexOf(state.screen) + by) % SCREENS.length] ?? 'overview';
      return only(settlePanes(showScreen(state, next), env));
    }
    case 'goto':
      return only(ask(state, { for: 'goto' }));
    case 'verify':
      return verifyNow(state);
    case 'search-all':
      return only(ask(state, { for: 'search-all' }));
    case 'back':
      if (state.job !== undefined) return { state, effects: [{ do: 'stop' }] };
      if (isWorking(state, env)) {
        const { place, tab } = currentPage(state);
        return { state, effects: [{ do: 'stop-growing', place, tab }] };
      }
      if (state.verification?.running !== undefined && nothingToLeave(state, env)) {
        return { state, effects: [{ do: 'stop-verifying' }] };
      }
      return only(leavePage(state, env));
    default:
      return paneAction(state, command, env);
  }
}

function quit(state: AppState): Step {
  if (!state.unsaved || state.leaving) return { state, effects: [{ do: 'quit' }] };
  const toast: Toast = {
    text: 'bookmarks are not saved: q again quits without them, B then w saves them',
    tone: 'warn',
  };
  return only({ ...state, leaving: true, toast });
}

/** After a resize every open tab keeps its cursor in sight; hex rows may have another length. */
function resized(state: AppState, env: Env): AppState {
  let next = settlePanes(state, env);
  const page = currentPage(next);
  next = updatePane(next, env, page.place, page.tab, (pane, content, height) => {
    if (pane.kind === 'outline') return moveTo(pane, pane.cursor, height);
    return content.kind === 'hex' ? resizeHex(content, pane, next.size.columns, height) : pane;
  });
  return next;
}

/** Whether the page still grows, or is a screen's own that is still being read: one that Esc would not leave. */
function isWorking(state: AppState, env: Env): boolean {
  const { place, tab } = currentPage(state);
  return (
    env.growing(place, tab) ||
    (env.content(place, tab) === undefined && state.stacks[state.screen].length === 1)
  );
}

/** Where Esc has nothing nearer to end than what goes on in the background. */
function nothingToLeave(state: AppState, env: Env): boolean {
  const page = currentPage(state);
  if (page.place.page === 'verification') return true;
  const pane = currentPane(state, env)?.pane;
  const inside = pane?.kind === 'hex' ? pane.anchor !== undefined : pane?.filter !== undefined;
  return !inside && state.stacks[state.screen].length < 2;
}

/** The verification went on; where a run has ended, that is said, whatever is shown. */
function verified(before: AppState, verification: Verification, env: Env): AppState {
  const state = settlePanes({ ...before, verification }, env);
  if (before.verification?.running === undefined || verification.running !== undefined) return state;
  if (verification.result === before.verification.result) {
    const text = `not verified: ${verification.problem ?? 'stopped'}`;
    return { ...state, toast: { text, tone: verification.problem === 'stopped' ? 'plain' : 'bad' } };
  }
  const outcome = outcomeOf(verification);
  const tone = outcome === 'failed' ? 'bad' : outcome === 'incomplete' ? 'warn' : 'good';
  const text = verifiedStanding(verification).text.replace(/^FAILED \S+ /, '');
  return { ...state, toast: { text, tone } };
}

function foundItem(state: AppState, action: Extract<Action, { type: 'found-item' }>, env: Env): Step {
  const { path, pattern } = action;
  if (path === undefined) {
    return only({ ...state, toast: { text: `no further ${pattern}`, tone: 'plain' } });
  }
  return only(
    updatePane(state, env, action.place, action.tab, (pane, content, height) =>
      pane.kind === 'outline' && content.kind === 'outline' ? showPath(content, pane, path, height) : pane,
    ),
  );
}

function foundBytes(state: AppState, action: Extract<Action, { type: 'found-bytes' }>, env: Env): Step {
  const { hit, pattern } = action;
  if (hit === undefined) {
    return only({ ...state, toast: { text: `no further ${pattern}`, tone: 'plain' } });
  }
  return only(
    updatePane(state, env, action.place, action.tab, (pane, content, height) =>
      pane.kind === 'hex' && content.kind === 'hex' ? showHit(content, pane, hit, height) : pane,
    ),
  );
}

function only(state: AppState): Step {
  return { state, effects: [] };
}
