import type { Input } from '../terminal/input.js';
import type { HexContent, HexState } from './hex.js';
import type { Item, Opened, OutlineColumn, OutlineContent, Path } from './outline.js';
import type { Place, ScreenName } from './place.js';
import type { Verification } from './verification.js';
import type { Matches } from './walk.js';
import type { Extract } from './work.js';

export type Content = OutlineContent | HexContent;

export interface PaneFilter {
  readonly pattern: string;
  /** Absent until the first slice of the search is done. */
  readonly matches?: Matches | undefined;
}

export interface OutlineState {
  readonly kind: 'outline';
  /** What the tree is of: contents that grow have a new root each time. */
  readonly root: Item;
  readonly tree: Opened;
  readonly cursor: number;
  readonly top: number;
  /** Cells scrolled to the right, in running text. */
  readonly left: number;
  /** While it is there, only what matches is shown. */
  readonly filter?: PaneFilter | undefined;
  /** Where the cursor was when a filter began to be typed: it returns to it as long as it is there. */
  readonly kept?: Path | undefined;
  /** What `n` looks for. */
  readonly pattern?: string | undefined;
}

export type PaneState = OutlineState | HexState;

/** A page that is open: where it is, which tab, and how each tab was left. */
export interface PageState {
  readonly place: Place;
  readonly tab: string;
  readonly panes: Readonly<Record<string, PaneState>>;
  /** The screen that one came from, and that Esc leads back to. */
  readonly from?: ScreenName;
}

/** What a line that is being typed is for. */
export type Purpose =
  /** `bytes`: in bytes, where a pattern can be more than text. */
  | { readonly for: 'search'; readonly bytes?: boolean }
  | { readonly for: 'search-all' }
  | { readonly for: 'goto' }
  | { readonly for: 'bookmark'; readonly place: Place; readonly label: string }
  | { readonly for: 'extract'; readonly extract: Extract }
  | { readonly for: 'save' };

export interface Typing {
  readonly purpose: Purpose;
  readonly text: string;
  /** Where the next character goes, in code units. */
  readonly at: number;
}

export interface Bookmark {
  readonly place: Place;
  /** What was under the cursor; raw text. */
  readonly label: string;
  readonly note: string;
  /** ISO 8601, UTC. */
  readonly time: string;
}

/** Something drawn over the page. */
export type Overlay =
  | { readonly kind: 'help'; readonly top: number }
  | { readonly kind: 'bookmarks'; readonly cursor: number }
  | {
      readonly kind: 'item';
      readonly item: Item;
      readonly columns: readonly OutlineColumn[];
      readonly top: number;
    };

export interface Job {
  readonly id: number;
  readonly label: string;
  readonly done: number;
  /** Absent when nobody knows. */
  readonly total?: number | undefined;
  readonly unit: 'bytes' | 'items';
}

export interface Toast {
  readonly text: string;
  readonly tone: 'good' | 'warn' | 'bad' | 'plain';
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** All that the screens show, apart from the contents themselves. */
export interface AppState {
  readonly size: Size;
  readonly screen: ScreenName;
  /** For each screen its open pages, the one that is shown last. */
  readonly stacks: Readonly<Record<ScreenName, readonly PageState[]>>;
  readonly typing?: Typing | undefined;
  readonly overlay?: Overlay | undefined;
  /** What was typed before there was anything for it to act on: it is when the page has come. */
  readonly ahead?: readonly Input[] | undefined;
  readonly job?: Job | undefined;
  readonly toast?: Toast | undefined;
  /** How the archive's verification stands; absent where there is none. */
  readonly verification?: Verification | undefined;
  readonly bookmarks: readonly Bookmark[];
  /** Whether there are bookmarks that no file holds yet. */
  readonly unsaved: boolean;
  /** Whether `q` was pressed once with such bookmarks. */
  readonly leaving: boolean;
}

/** Work that a key asks for and that is not a matter of state. Its results come back as events. */
export type Effect =
  | { readonly do: 'quit' }
  | { readonly do: 'redraw' }
  | { readonly do: 'suspend' }
  | { readonly do: 'copy'; readonly text: string }
  /** Stops long work: what is shown, or only what looks for something. */
  | { readonly do: 'stop'; readonly only?: 'find' }
  | { readonly do: 'verify' }
  | { readonly do: 'stop-verifying' }
  | { readonly do: 'stop-growing'; readonly place: Place; readonly tab: string }
  | { readonly do: 'filter'; readonly place: Place; readonly tab: string; readonly pattern: string }
  | {
      readonly do: 'find-item';
      readonly place: Place;
      readonly tab: string;
      readonly pattern: string;
      readonly from: Path;
      readonly by: 1 | -1;
    }
  | {
      readonly do: 'find-bytes';
      readonly place: Place;
      readonly tab: string;
      readonly pattern: string;
      readonly from: bigint;
      readonly by: 1 | -1;
    }
  | { readonly do: 'extract'; readonly extract: Extract; readonly path: string }
  | {
      readonly do: 'save';
      readonly path: string;
      readonly bookmarks: readonly Bookmark[];
      readonly verification: Verification | undefined;
    };

/** One tab of a page, and how its contents come about: only once somebody looks at it. */
export interface TabSpec {
  readonly id: string;
  readonly title: string;
  load(context: LoadContext): Promise<Content>;
}

export interface LoadContext {
  readonly signal: AbortSignal;
  /** Says that bytes of the contents have come, and that they are to be drawn anew. */
  changed(): void;
  progress(done: number, total: number | undefined): void;
  /**
   * Goes on after `load` has given the first contents: each `update` takes their place, with more rows at the end.
   * Esc stops it, and so does nobody having looked at it for long.
   */
  goOn(work: (update: (content: Content) => void) => Promise<void>): void;
}

export interface PageSpec {
  readonly screen: ScreenName;
  /** Raw text. */
  readonly title: string;
  readonly tabs: readonly TabSpec[];
  /** Whether a wide terminal shows where Enter would lead beside the page. */
  readonly side?: boolean;
}

/** What the reducer may know of the world. */
export interface Env {
  page(place: Place): PageSpec;
  /** The contents of a tab, once they are loaded. */
  content(place: Place, tab: string): Content | undefined;
  /** Whether the contents of a tab are still growing. */
  growing(place: Place, tab: string): boolean;
  /** Names of the archive's entries, for `:`. */
  readonly entries: readonly string[];
  /** The time now, ISO 8601. */
  now(): string;
}

/** What an action makes of the state, and the work that it asks for. */
export interface Step {
  readonly state: AppState;
  readonly effects: readonly Effect[];
}
