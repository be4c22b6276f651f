import type { ReactElement } from 'react';
import type { Layout } from '../core/layout.js';
import { currentPage, currentPane, sidePane } from '../core/pages.js';
import type { AppState, Content, PaneState } from '../core/state.js';
import { hexPosition, paintHex } from '../paint/hex.js';
import { outlinePosition, type PaneFrame, paintOutline } from '../paint/outline.js';
import { cell, paint } from '../paint/theme.js';
import { Lines } from './lines.js';
import type { ViewProps } from './view-props.js';

type PageProps = ViewProps & { readonly layout: Layout };

/** The tab of the page that is shown, or what is known while it loads. */
export function PagePane({ store, state, theme, layout }: PageProps): ReactElement {
  const shown = currentPane(state, store.env);
  const frame: PaneFrame = { columns: layout.main, rows: layout.rows, theme, focused: true };
  const lines =
    shown === undefined
      ? waiting(store.waiting(currentPage(state)) + aheadText(state), frame)
      : paintPane(shown.content, shown.pane, frame);
  return <Lines width={layout.main} lines={lines} />;
}

function aheadText({ ahead = [] }: AppState): string {
  if (ahead.length === 0) return '';
  return `; ${ahead.length} ${ahead.length === 1 ? 'key waits' : 'keys wait'} for it, Esc forgets them`;
}

/** Beside a page, in a wide terminal: where Enter would lead. */
export function SidePane({ store, state, theme, layout }: PageProps): ReactElement {
  const aside = sidePane(state, store.env);
  const frame: PaneFrame = { columns: layout.side - 1, rows: layout.rows, theme, focused: false };
  const lines = aside === undefined ? [] : besides(aside, frame);
  const bar = paint(theme, 'dim', theme.glyphs.bar);
  const walled = Array.from({ length: layout.rows }, (_, row) => `${bar} ${lines[row] ?? ''}`);
  return <Lines width={layout.side + 1} lines={walled} />;
}

/** Where the cursor is, for the status line. */
export function pagePosition({ store, state }: ViewProps): string {
  const shown = currentPane(state, store.env);
  if (shown === undefined || state.overlay !== undefined) return '';
  const { content, pane } = shown;
  if (pane.kind === 'outline') return outlinePosition(pane);
  return content.kind === 'hex' ? hexPosition(content, pane) : '';
}

function besides(aside: NonNullable<ReturnType<typeof sidePane>>, frame: PaneFrame): string[] {
  const title = paint(frame.theme, 'strong', cell(aside.title, frame.columns));
  const rows = { ...frame, rows: frame.rows - 2 };
  const body =
    aside.content === undefined || aside.pane === undefined
      ? waiting('reading', rows)
      : paintPane(aside.content, aside.pane, rows);
  return [title, '', ...body];
}

function paintPane(content: Content, pane: PaneState, frame: PaneFrame): string[] {
  if (content.kind === 'outline' && pane.kind === 'outline') return paintOutline(content, pane, frame);
  if (content.kind === 'hex' && pane.kind === 'hex') return paintHex(content, pane, frame);
  return [];
}

function waiting(text: string, frame: PaneFrame): string[] {
  const lines = ['', paint(frame.theme, 'dim', `  ${cell(text, frame.columns - 2)}`)];
  return Array.from({ length: frame.rows }, (_, row) => lines[row] ?? '');
}
