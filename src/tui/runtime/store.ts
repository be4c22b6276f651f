import { currentPage, sidePane } from '../core/pages.js';
import type { Place } from '../core/place.js';
import { type Action, initialState, reduce } from '../core/reducer.js';
import type { AppState, Effect, Env, PageSpec, PageState, Size } from '../core/state.js';
import { Contents, type Wanted } from './contents.js';

/** How long the cursor must rest before what would stand beside the page is read. */
const REST_MS = 60;
/** Nothing is drawn more often than this, unless a key asks for it. */
const QUIET_MS = 50;

/** Effects that are not the store's own to do. */
export type Work = Exclude<Effect, { readonly do: 'stop-growing' }>;

export interface StoreOptions {
  readonly size: Size;
  /** The archive's name, for the title. Raw text. */
  readonly archiveName: string;
  /** Names of the archive's entries. */
  readonly entries: readonly string[];
  pageOf(place: Place): PageSpec;
  now(): string;
  /** Does the work that a key asked for; what it comes to is dispatched. */
  perform(effect: Work, store: Store): void;
}

export interface Snapshot {
  readonly state: AppState;
}

/** The state, what changes it, and who is told: the reducer and the contents brought together. */
export class Store {
  readonly env: Env;
  readonly archiveName: string;
  readonly #contents: Contents;
  readonly #perform: StoreOptions['perform'];
  readonly #listeners = new Set<() => void>();
  #snapshot: Snapshot;
  #announced = false;
  #rest: NodeJS.Timeout | undefined;
  #quiet: NodeJS.Timeout | undefined;
  #lastSide = '';

  constructor(options: StoreOptions) {
    this.archiveName = options.archiveName;
    this.#perform = options.perform;
    this.#contents = new Contents(options.pageOf, (loaded) => this.#arrived(loaded));
    this.env = {
      page: options.pageOf,
      content: (place, tab) => this.#contents.peek(place, tab),
      growing: (place, tab) => this.#contents.growing({ place, tab }),
      entries: options.entries,
      now: options.now,
    };
    this.#snapshot = { state: initialState(options.size, this.env) };
    this.#want(true);
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): Snapshot => this.#snapshot;

  get state(): AppState {
    return this.#snapshot.state;
  }

  waiting(page: PageState): string {
    return this.#contents.waiting(page);
  }

  dispatch(action: Action): void {
    const { state, effects } = reduce(this.state, action, this.env);
    if (state !== this.state) {
      this.#snapshot = { state };
      this.#want(false);
      this.#announce();
    }
    for (const effect of effects) {
      if (effect.do === 'stop-growing') this.#contents.stop(effect);
      else this.#perform(effect, this);
    }
  }

  /** Stops loading, and tells nobody any more. */
  close(): void {
    clearTimeout(this.#rest);
    clearTimeout(this.#quiet);
    this.#listeners.clear();
    this.#contents.close();
  }

  #arrived(loaded: boolean): void {
    if (loaded) {
      // the state may be the same: what it is of is not
      this.#snapshot = { state: this.state };
      this.#announce();
      this.dispatch({ type: 'loaded' });
      this.#want(false);
      return;
    }
    // bytes and progress come in many small pieces: one drawing for all of a while
    this.#quiet ??= setTimeout(() => {
      this.#quiet = undefined;
      this.#snapshot = { state: this.state };
      this.#announce();
    }, QUIET_MS);
  }

  /** One drawing for everything that happens before the event loop comes round. */
  #announce(): void {
    if (this.#announced) return;
    this.#announced = true;
    setImmediate(() => {
      this.#announced = false;
      for (const listener of this.#listeners) listener();
    });
  }

  /** The shown tab is read at once; what stands beside it only when the cursor rests. */
  #want(first: boolean): void {
    const page = currentPage(this.state);
    const aside = first ? undefined : sidePane(this.state, this.env);
    const shown: Wanted = { place: page.place, tab: page.tab };
    const key = aside === undefined ? '' : JSON.stringify([aside.place.page, aside.place.subject, aside.tab]);
    if (aside === undefined) {
      clearTimeout(this.#rest);
      this.#contents.want([shown]);
    } else if (key === this.#lastSide && this.#contents.peek(aside.place, aside.tab) !== undefined) {
      this.#contents.want([shown, aside]);
    } else if (key !== this.#lastSide) {
      this.#contents.want([shown]);
      clearTimeout(this.#rest);
      this.#rest = setTimeout(() => this.#contents.want([shown, aside]), REST_MS);
    }
    this.#lastSide = key;
  }
}
