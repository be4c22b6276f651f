import type { Input } from '../terminal/input.js';
import { pieceAt, screenPieces, tabPieces } from './bars.js';
import { headRows, layoutOf, paneHead } from './layout.js';
import { reduceOverlay } from './overlay.js';
import { currentPage, currentPane, putPane, settlePanes, showScreen, showTab, updatePane } from './pages.js';
import { paneAction } from './pane-action.js';
import { clickHex, scrollHex } from './pane-hex.js';
import { moveTo, outlineRows, scroll } from './pane-outline.js';
import type { AppState, Env, Step } from './state.js';

const WHEEL_ROWS = 3;

/** The mouse as the help tells of it, beside the table of keys. */
export const MOUSE_HELP: readonly (readonly [what: string, does: string])[] = [
  ['wheel', 'scroll'],
  ['click', 'put the cursor there; on it, in; also screens, tabs'],
  ['Shift-drag', "the terminal's own selection (macOS: Option or Fn)"],
];

/** What the wheel or a click does. */
export function reduceMouse(
  state: AppState,
  input: Exclude<Input, { type: 'key' | 'paste' }>,
  env: Env,
): Step {
  if (input.type === 'wheel') return only(wheel(state, input.by * WHEEL_ROWS, env));
  const page = currentPage(state);
  const spec = env.page(page.place);
  const layout = layoutOf(state.size, spec);
  if (layout.tooSmall) return only(state);
  const { columns } = state.size;
  if (input.row === 0) {
    const screen = pieceAt(screenPieces(state.screen, columns), input.column)?.id;
    return only(screen === undefined ? state : settlePanes(showScreen(state, screen), env));
  }
  if (state.overlay !== undefined) return only(state);
  const head = headRows(spec);
  if (input.row === 2 && head > 2) {
    const tab = pieceAt(tabPieces(spec, page.tab, columns), input.column)?.id;
    return only(tab === undefined ? state : showTab(state, tab, env));
  }
  const row = input.row - head;
  if (row < 0 || row >= layout.rows) return only(state);
  // what stands beside the page is where Enter leads
  if (input.column >= layout.main) return layout.side > 0 ? paneAction(state, 'enter', env) : only(state);
  return clickPane(state, row, input.column, env);
}

/** A click in a pane puts the cursor where it is; where the cursor is already, it goes in. */
function clickPane(state: AppState, row: number, column: number, env: Env): Step {
  const shown = currentPane(state, env);
  if (shown === undefined) return only(state);
  const { page, content, pane, height } = shown;
  const at = row - paneHead(content);
  if (at < 0 || at >= height) return only(state);
  if (content.kind === 'hex') {
    return only(
      pane.kind === 'hex' ? putPane(state, page, page.tab, clickHex(content, pane, at, column)) : state,
    );
  }
  if (pane.kind !== 'outline' || pane.top + at >= outlineRows(pane)) return only(state);
  if (pane.cursor === pane.top + at && content.prose !== true) return paneAction(state, 'enter', env);
  return only(putPane(state, page, page.tab, moveTo(pane, pane.top + at, height)));
}

function wheel(state: AppState, by: number, env: Env): AppState {
  if (state.overlay !== undefined) {
    const step = reduceOverlay(state, state.overlay, by > 0 ? 'down' : 'up', env);
    return step?.state ?? state;
  }
  const page = currentPage(state);
  return updatePane(state, env, page.place, page.tab, (pane, content, height) => {
    if (pane.kind === 'outline') return scroll(pane, by, height);
    return content.kind === 'hex' ? scrollHex(content, pane, by, height) : pane;
  });
}

function only(state: AppState): Step {
  return { state, effects: [] };
}
