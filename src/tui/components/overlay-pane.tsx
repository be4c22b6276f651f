import type { ReactElement } from 'react';
import type { Overlay } from '../core/state.js';
import { bookmarkLines, helpLines, itemLines } from '../paint/overlays.js';
import { paint } from '../paint/theme.js';
import { Lines } from './lines.js';
import type { ViewProps } from './view-props.js';

/** What is drawn in place of the page: the help, a row in full, the bookmarks. */
export function OverlayPane({
  state,
  theme,
  overlay,
  rows,
}: ViewProps & { readonly overlay: Overlay; readonly rows: number }): ReactElement {
  const width = state.size.columns;
  const [title, lines, top] = contents();
  const room = rows - 2;
  const start = Math.max(0, Math.min(top, lines.length - room));
  const shown = lines.slice(start, start + room);
  const more = lines.length - start - shown.length;
  const head =
    paint(theme, 'strong', title) + paint(theme, 'dim', more > 0 ? `  (${more} more lines below)` : '');
  const all = Array.from({ length: rows }, (_, row) => (row === 0 ? head : (shown[row - 2] ?? '')));
  return <Lines width={width} lines={all} />;

  function contents(): [title: string, lines: string[], top: number] {
    switch (overlay.kind) {
      case 'help':
        return ['Keys', helpLines(width, theme), overlay.top];
      case 'item':
        return ['In full', itemLines(overlay.item, overlay.columns, width, theme), overlay.top];
      case 'bookmarks': {
        const body = bookmarkLines(state.bookmarks, overlay.cursor, width, theme);
        const top = Math.max(0, 2 * overlay.cursor - rows + 6);
        return ['Bookmarks: Enter goes there, d removes, w saves a case note', body, top];
      }
    }
  }
}
