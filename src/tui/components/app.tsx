import { Box } from 'ink';
import { type ReactElement, useSyncExternalStore } from 'react';
import { LEAST, layoutOf } from '../core/layout.js';
import { currentPage } from '../core/pages.js';
import { screenBar, statusLine, tabLine, titleLine } from '../paint/chrome.js';
import type { Theme } from '../paint/theme.js';
import type { Store } from '../runtime/store.js';
import { Lines } from './lines.js';
import { OverlayPane } from './overlay-pane.js';
import { PagePane, pagePosition, SidePane } from './page-pane.js';

/** The whole screen. It draws what the store's state says, and changes nothing. */
export function App({ store, theme }: { readonly store: Store; readonly theme: Theme }): ReactElement {
  const { state } = useSyncExternalStore(store.subscribe, store.snapshot);
  const { columns, rows } = state.size;
  const page = currentPage(state);
  const spec = store.env.page(page.place);
  const layout = layoutOf(state.size, spec);
  if (layout.tooSmall) {
    const text = `coldcase needs ${LEAST.columns}x${LEAST.rows}; this is ${columns}x${rows}`;
    return <Lines width={columns} lines={[text, 'make the terminal larger, or q to quit'].slice(0, rows)} />;
  }
  const head = [
    screenBar(state.screen, columns, theme),
    titleLine(spec.title, store.archiveName, columns, theme),
    ...(spec.tabs.length > 1 ? [tabLine(spec, page.tab, columns, theme)] : []),
  ];
  const view = { store, state, theme };
  const hex = store.env.content(page.place, page.tab)?.kind === 'hex';
  const where = { screen: state.screen, tabs: spec.tabs.length, hex, overlay: state.overlay };
  const status = statusLine(state, where, pagePosition(view), columns, theme);
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      <Lines width={columns} lines={head} />
      {state.overlay === undefined ? (
        <Box flexDirection="row" width={columns} height={layout.rows}>
          <PagePane {...view} layout={layout} />
          {layout.side > 0 ? <SidePane {...view} layout={layout} /> : null}
        </Box>
      ) : (
        <OverlayPane {...view} overlay={state.overlay} rows={layout.rows} />
      )}
      <Lines width={columns} lines={[status]} />
    </Box>
  );
}
