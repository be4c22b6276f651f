import { formatAddress } from '../../base/units.js';
import { escapeText } from '../../render/escape.js';
import { ask } from './ask.js';
import { type HexContent, type HexState, regionAt } from './hex.js';
import type { Command } from './keymap.js';
import type { Item, OutlineContent } from './outline.js';
import { currentPane, putPane, turnTab } from './pages.js';
import { reduceHex, selection } from './pane-hex.js';
import { outlineRow, reduceOutline } from './pane-outline.js';
import type { Place } from './place.js';
import type { AppState, Env, OutlineState, PageState, Step } from './state.js';
import { visit } from './visit.js';

/** Bytes of a selection that the clipboard takes, as hex. */
const COPIED_MOST = 32n * 1024n;

interface Shown<C, P> {
  readonly page: PageState;
  readonly content: C;
  readonly pane: P;
  readonly height: number;
}

/** What a key does to the pane that is shown. */
export function paneAction(state: AppState, command: Command, env: Env): Step {
  if (command === 'next-tab') return only(turnTab(state, 1, env));
  if (command === 'previous-tab') return only(turnTab(state, -1, env));
  const shown = currentPane(state, env);
  if (shown === undefined) return sideways(state, command, env);
  const { page, content, pane, height } = shown;
  if (content.kind === 'outline' && pane.kind === 'outline') {
    const next = reduceOutline(content, pane, command, height);
    if (next !== undefined) return only(putPane(state, page, page.tab, next));
    return outlineAction(state, { page, content, pane, height }, command, env);
  }
  if (content.kind === 'hex' && pane.kind === 'hex') {
    const next = reduceHex(content, pane, command, height);
    if (next !== undefined) return only(putPane(state, page, page.tab, next));
    return hexAction(state, { page, content, pane, height }, command);
  }
  return only(state);
}

function outlineAction(
  state: AppState,
  shown: Shown<OutlineContent, OutlineState>,
  command: Command,
  env: Env,
): Step {
  const { page, content, pane, height } = shown;
  const current = outlineRow(content, pane, pane.cursor);
  const item = current?.item;
  switch (command) {
    case 'enter': {
      if (item?.place !== undefined) return visit(state, item.place, env);
      const folded = reduceOutline(content, pane, 'toggle', height);
      if (item !== undefined && item.count > 0 && folded !== undefined) {
        return only(putPane(state, page, page.tab, folded));
      }
      if (item === undefined || item.heading === true) return only(state);
      return only({ ...state, overlay: { kind: 'item', item, columns: content.columns, top: 0 } });
    }
    case 'search':
      return only(
        ask(
          putPane(state, page, page.tab, { ...pane, kept: current?.path }),
          { for: 'search' },
          pane.filter?.pattern ?? '',
        ),
      );
    case 'next-match':
    case 'previous-match': {
      const by = command === 'next-match' ? 1 : -1;
      if (pane.filter !== undefined) {
        const next = reduceOutline(content, pane, by > 0 ? 'down' : 'up', height);
        return only(next === undefined ? state : putPane(state, page, page.tab, next));
      }
      if (pane.pattern === undefined) return say(state, 'nothing to look for yet: / asks for it');
      const from = current?.path ?? [];
      const { place, tab } = page;
      return { state, effects: [{ do: 'find-item', place, tab, pattern: pane.pattern, from, by }] };
    }
    case 'copy':
      if (item === undefined) return only(state);
      return { state, effects: [{ do: 'copy', text: escapeText(copyText(item)) }] };
    case 'extract':
      if (item?.extract === undefined) return say(state, 'nothing to extract here');
      return only(ask(state, { for: 'extract', extract: item.extract }, item.extract.name));
    case 'bookmark': {
      if (item === undefined) return only(state);
      const at = item.id === undefined ? {} : { at: item.id };
      const place: Place = { ...bare(page.place), tab: page.tab, ...at };
      const label = [env.page(page.place).title, copyText(item)].filter((text) => text !== '').join(': ');
      return only(ask(state, { for: 'bookmark', place: item.place ?? place, label }));
    }
    default:
      return sideways(state, command, env);
  }
}

function hexAction(state: AppState, shown: Shown<HexContent, HexState>, command: Command): Step {
  const { page, content, pane } = shown;
  const { from, to } = selection(pane);
  switch (command) {
    case 'search':
      return only(ask(state, { for: 'search', bytes: true }, pane.pattern ?? ''));
    case 'next-match':
    case 'previous-match': {
      if (pane.pattern === undefined) return say(state, 'nothing to look for yet: / asks for it');
      const by = command === 'next-match' ? 1 : -1;
      const { place, tab } = page;
      return {
        state,
        effects: [{ do: 'find-bytes', place, tab, pattern: pane.pattern, from: pane.cursor, by }],
      };
    }
    case 'copy': {
      if (pane.anchor === undefined)
        return { state, effects: [{ do: 'copy', text: formatAddress(pane.cursor) }] };
      if (to - from > COPIED_MOST) return say(state, 'too much for a clipboard: e extracts it');
      const bytes = content.peek(from, Number(to - from));
      if (bytes.state === 'loading') return say(state, 'still reading these bytes: try again');
      if (bytes.state !== 'here') return say(state, 'not all of these bytes are in the archive');
      return { state, effects: [{ do: 'copy', text: Buffer.from(bytes.bytes).toString('hex') }] };
    }
    case 'extract': {
      const region = regionAt(content, pane.cursor);
      if (region === undefined) return say(state, 'nothing to extract here');
      const extract = pane.anchor === undefined ? content.whole(pane.cursor) : content.extract(from, to);
      return only(ask(state, { for: 'extract', extract }, extract.name));
    }
    case 'bookmark': {
      const place: Place = { ...bare(page.place), tab: page.tab, at: formatAddress(pane.cursor) };
      const region = regionAt(content, pane.cursor);
      const label = `${formatAddress(pane.cursor)} ${region?.label ?? ''}`.trim();
      return only(ask(state, { for: 'bookmark', place, label }));
    }
    default:
      return only(state);
  }
}

/** Where a pane has no use for left and right, they turn the tabs. */
function sideways(state: AppState, command: Command, env: Env): Step {
  if (command === 'left') return only(turnTab(state, -1, env));
  if (command === 'right') return only(turnTab(state, 1, env));
  return only(state);
}

function copyText(item: Item): string {
  return item.copy ?? item.cells.filter((cell) => cell !== '').join('  ');
}

function bare(place: Place): Place {
  return { page: place.page, ...(place.subject === undefined ? {} : { subject: place.subject }) };
}

function say(state: AppState, text: string): Step {
  return only({ ...state, toast: { text, tone: 'plain' } });
}

function only(state: AppState): Step {
  return { state, effects: [] };
}
