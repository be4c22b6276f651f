import { ColdcaseError, InterruptedError } from '../../base/errors.js';
import type { Item, OutlineContent, Tone } from '../core/outline.js';
import { type Place, placeKey } from '../core/place.js';
import type { Content, LoadContext, PageSpec } from '../core/state.js';

/** Contents that nobody looks at are kept for coming back to, but no more of them than this. */
const KEPT = 24;

interface Entry {
  content?: Content;
  readonly controller: AbortController;
  progress: { done: number; total: number | undefined };
  growing: boolean;
  /** Ended before there were contents: to be read when it is looked at the next time. */
  stopped?: boolean;
}

export interface Wanted {
  readonly place: Place;
  readonly tab: string;
}

/**
 * The contents of tabs, loaded when they are looked at and not before. Loading that nobody waits for any more is
 * stopped. What cannot be read becomes contents that say so.
 */
export class Contents {
  readonly #pageOf: (place: Place) => PageSpec;
  readonly #changed: (loaded: boolean) => void;
  /** In the order of their last use. */
  readonly #entries = new Map<string, Entry>();

  /** @param changed - called when contents arrived (`true`), grew or made progress */
  constructor(pageOf: (place: Place) => PageSpec, changed: (loaded: boolean) => void) {
    this.#pageOf = pageOf;
    this.#changed = changed;
  }

  peek(place: Place, tab: string): Content | undefined {
    return this.#entries.get(keyOf({ place, tab }))?.content;
  }

  /** What to say while a tab loads. */
  waiting(wanted: Wanted): string {
    const progress = this.#entries.get(keyOf(wanted))?.progress;
    if (progress === undefined || progress.done === 0) return 'reading';
    const total = progress.total === undefined ? '' : ` of ${progress.total}`;
    return `reading: ${progress.done}${total}`;
  }

  /** Whether a tab has contents that still grow. */
  growing(wanted: Wanted): boolean {
    return this.#entries.get(keyOf(wanted))?.growing === true;
  }

  /** Ends the reading or growing of a tab's contents; what is there stays. */
  stop(wanted: Wanted): void {
    const entry = this.#entries.get(keyOf(wanted));
    if (entry === undefined) return;
    entry.controller.abort(new InterruptedError('stopped'));
    if (entry.content !== undefined) return;
    entry.stopped = true;
    entry.content = lines(['stopped; it is read when you come back from another tab or screen'], 'dim');
    this.#changed(true);
  }

  /** Says what is looked at now: it is loaded, and what else is still loading is given up. */
  want(wanted: readonly Wanted[]): void {
    const keys = new Set(wanted.map(keyOf));
    for (const [key, entry] of this.#entries) {
      if (keys.has(key) || (entry.content !== undefined && entry.stopped !== true)) continue;
      entry.controller.abort(new InterruptedError('no longer looked at'));
      this.#entries.delete(key);
    }
    for (const each of wanted) {
      const key = keyOf(each);
      const entry = this.#entries.get(key);
      if (entry === undefined) this.#load(each, key);
      else {
        this.#entries.delete(key);
        this.#entries.set(key, entry);
      }
    }
    for (const key of this.#entries.keys()) {
      if (this.#entries.size <= KEPT) break;
      if (keys.has(key)) continue;
      this.#entries.get(key)?.controller.abort(new InterruptedError('no longer looked at'));
      this.#entries.delete(key);
    }
  }

  /** Stops all that goes on. */
  close(): void {
    for (const { controller } of this.#entries.values()) controller.abort(new InterruptedError('closed'));
    this.#entries.clear();
  }

  #load(wanted: Wanted, key: string): void {
    const controller = new AbortController();
    const { signal } = controller;
    const entry: Entry = { controller, progress: { done: 0, total: undefined }, growing: false };
    this.#entries.set(key, entry);
    const put = (content: Content): void => {
      if (this.#entries.get(key) !== entry) return;
      entry.content = content;
      this.#changed(true);
    };
    let goingOn: ((update: (content: Content) => void) => Promise<void>) | undefined;
    const context: LoadContext = {
      signal,
      changed: () => this.#changed(false),
      progress: (done, total) => {
        entry.progress = { done, total };
        this.#changed(false);
      },
      goOn: (work) => {
        goingOn = work;
      },
    };
    const run = async (): Promise<void> => {
      const spec = this.#pageOf(wanted.place).tabs.find(({ id }) => id === wanted.tab);
      const first = await (spec?.load(context) ?? lines(['there is nothing here'], 'dim'));
      if (signal.aborted) return;
      entry.growing = goingOn !== undefined;
      put(first);
      await goingOn?.(put);
    };
    run()
      .catch((error: unknown) => {
        if (!signal.aborted) put(failed(error));
      })
      .finally(() => {
        const grew = entry.growing;
        entry.growing = false;
        this.#changed(grew);
      });
  }
}

/** Contents that say why there are none: the error's line, and what can be done. */
export function failed(error: unknown): OutlineContent {
  const message = error instanceof Error ? error.message : String(error);
  const remedy = error instanceof ColdcaseError ? error.remedy : undefined;
  const known = error instanceof ColdcaseError;
  const first = `! ${known ? 'cannot be read' : 'unexpected error'}: ${message}`;
  return lines([first, ...(remedy === undefined ? [] : [remedy])], 'bad');
}

function lines(texts: readonly string[], tone: Tone): OutlineContent {
  const items: Item[] = texts.map((text) => ({ cells: [text], count: 0, tone }));
  const child = (index: number): Item => items[index] ?? { cells: [''], count: 0 };
  return {
    kind: 'outline',
    columns: [{ header: '' }],
    root: { cells: [], count: items.length, child },
    empty: '',
    prose: true,
  };
}

function keyOf({ place, tab }: Wanted): string {
  return `${placeKey(place)}\0${tab}`;
}
