import type { AppState } from '../core/state.js';
import type { Theme } from '../paint/theme.js';
import type { Store } from '../runtime/store.js';

/** What every pane draws from. */
export interface ViewProps {
  readonly store: Store;
  readonly state: AppState;
  readonly theme: Theme;
}
