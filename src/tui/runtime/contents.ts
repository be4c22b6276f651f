import { ColdcaseError, InterruptedError } from '../../base/errors.js';
import type { Item, OutlineContent, Tone } from '../core/outline.js';
import { type Place, placeKey } from '../core/place.js';
import type { Content, PageSpec } from '../core/state.js';

/** Contents that nobody looks at are kept for coming back to, but no more of them than this. */
const KEPT = 24;

interface Entry {
  content?: Content;
  readonly controller: AbortController;
  progress: { done: number; total: number | undefined };
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

  /** Whether loading is under way. */
  loading(wanted: Wanted): boolean {
    const entry = this.#entries.get(keyOf(wanted));
    return entry !== undefined && entry.content === undefined;
  }

  /** Says what is looked at now: it is loaded, and what else is still loading is given up. */
  want(wanted: readonly Wanted[]): void {
    const keys = new Set(wanted.map(keyOf));
    for (const [key, entry] of this.#entries) {
      if (keys.has(key) || entry.content !== undefined) continue;
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
    const entry: Entry = { controller, progress: { done: 0, total: undefined } };
    this.#entries.set(key, entry);
    const context = {
      signal: controller.signal,
      changed: () => this.#changed(false),
      progress: (done: number, total: number | undefined) => {
        entry.progress = { done, total };
        this.#changed(false);
      },
    };
    const spec = this.#pageOf(wanted.place).tabs.find(({ id }) => id === wanted.tab);
    const loading =
      spec === undefined
        ? Promise.resolve<Content>(lines(['there is nothing here'], 'dim'))
        : Promise.resolve().then(() => spec.load(context));
    loading
      .catch((error: unknown) => {
        if (controller.signal.aborted) return undefined;
        return failed(error);
      })
      .then((content) => {
        if (content === undefined || controller.signal.aborted) return;
        entry.content = content;
        this.#changed(true);
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
