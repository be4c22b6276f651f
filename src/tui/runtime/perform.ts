import { ColdcaseError } from '../../base/errors.js';
import { formatSize } from '../../base/units.js';
import { writeAside, writeFileAside } from '../../base/write-aside.js';
import type { Job } from '../core/state.js';
import { filterItems, findItem } from '../core/walk.js';
import type { Extract } from '../core/work.js';
import { COPY_LIMIT } from '../terminal/session.js';
import { caseNote } from './case-note.js';
import type { Store, Work } from './store.js';
import type { Verifying } from './verifying.js';

/** What the work needs of the world outside. */
export interface World {
  /** Sends a control sequence to the terminal, beside the frames. */
  copy(text: string): void;
  redraw(): void;
  suspend(): void;
  quit(): void;
  readonly verifying?: Verifying | undefined;
  /** For the case note. */
  readonly archive: string;
  readonly version: string;
}

const PROGRESS_MS = 100;

/** What looks for something, where a new one takes the place of the one before, and what writes a file. */
type Kind = 'find' | 'write';

/** Does what keys ask for: at any time one work of each kind. */
export class Performer {
  readonly #world: World;
  readonly #running = new Map<Kind, { readonly controller: AbortController; readonly id: number }>();
  #ids = 0;

  constructor(world: World) {
    this.#world = world;
  }

  readonly perform = (effect: Work, store: Store): void => {
    switch (effect.do) {
      case 'quit':
        this.stop(store);
        this.#world.quit();
        return;
      case 'redraw':
        this.#world.redraw();
        return;
      case 'suspend':
        this.#world.suspend();
        return;
      case 'stop':
        this.stop(store, effect.only ?? this.#kindOf(store.state.job));
        return;
      case 'verify':
        this.#world.verifying?.start((verification) =>
          store.dispatch({ type: 'verification', verification }),
        );
        return;
      case 'stop-verifying':
        this.#world.verifying?.stop((verification) => store.dispatch({ type: 'verification', verification }));
        return;
      case 'copy':
        this.#copy(effect.text, store);
        return;
      case 'filter':
        this.#run(store, 'find', { label: 'filtering', unit: 'items' }, async (run) => {
          const content = store.env.content(effect.place, effect.tab);
          if (content?.kind !== 'outline') return;
          for await (const matches of filterItems(content.root, effect.pattern, run.signal)) {
            run.progress(matches.seen, undefined);
            store.dispatch({ type: 'matches', place: effect.place, tab: effect.tab, matches });
          }
        });
        return;
      case 'find-item': {
        const { place, tab, pattern, from, by } = effect;
        const content = store.env.content(place, tab);
        if (content?.kind !== 'outline') return;
        const unit = content.find === undefined ? 'items' : 'bytes';
        this.#run(store, 'find', { label: 'looking', unit }, async (run) => {
          const path =
            content.find === undefined
              ? await findItem(content.root, pattern, from, by, run.signal)
              : pathOf(await content.find(pattern, from[0] ?? -1, by, run));
          if (!run.signal.aborted) store.dispatch({ type: 'found-item', place, tab, pattern, path });
        });
        return;
      }
      case 'find-bytes':
        this.#run(store, 'find', { label: 'searching', unit: 'bytes' }, async (run) => {
          const { place, tab, pattern, from, by } = effect;
          const content = store.env.content(place, tab);
          if (content?.kind !== 'hex') return;
          const hit = await content.find(pattern, from, by, run);
          if (!run.signal.aborted) store.dispatch({ type: 'found-bytes', place, tab, pattern, hit });
        });
        return;
      case 'extract':
        this.#run(store, 'write', { label: 'extracting', unit: 'bytes' }, async (run) => {
          const size = await write(effect.extract, effect.path, run);
          const text = `${effect.path}: ${formatSize(size)} written, mode 0600`;
          store.dispatch({ type: 'toast', toast: { text, tone: 'good' } });
        });
        return;
      case 'save':
        this.#run(store, 'write', undefined, async () => {
          const { archive, version } = this.#world;
          const { path, bookmarks, verification } = effect;
          await writeFileAside(path, caseNote(path, { archive, version, bookmarks, verification }));
          const text = `${path}: case note saved, bookmarks: ${bookmarks.length}`;
          store.dispatch({ type: 'saved', toast: { text, tone: 'good' } });
        });
        return;
    }
  };

  /** Stops the work of one kind, or all. */
  stop(store: Store, only?: Kind): void {
    for (const [kind, { controller, id }] of this.#running) {
      if (only !== undefined && kind !== only) continue;
      controller.abort();
      this.#running.delete(kind);
      if (store.state.job?.id === id) store.dispatch({ type: 'job', job: undefined });
    }
  }

  #kindOf(job: Job | undefined): Kind | undefined {
    for (const [kind, { id }] of this.#running) if (id === job?.id) return kind;
    return undefined;
  }

  #copy(text: string, store: Store): void {
    if (Buffer.byteLength(text) > COPY_LIMIT) {
      const toast = { text: 'too much for a clipboard: extract it instead', tone: 'warn' } as const;
      store.dispatch({ type: 'toast', toast });
      return;
    }
    this.#world.copy(text);
    store.dispatch({ type: 'toast', toast: { text: 'sent to the clipboard', tone: 'plain' } });
  }

  #run(
    store: Store,
    kind: Kind,
    job: Pick<Job, 'label' | 'unit'> | undefined,
    work: (run: Running) => Promise<void>,
  ): void {
    if (kind === 'write' && this.#running.has(kind)) {
      const toast = {
        text: 'one extraction at a time: Esc stops the one that goes on',
        tone: 'warn',
      } as const;
      store.dispatch({ type: 'toast', toast });
      return;
    }
    this.stop(store, kind);
    this.#ids += 1;
    const id = this.#ids;
    const controller = new AbortController();
    this.#running.set(kind, { controller, id });
    let last = performance.now();
    const progress = (done: number, total: number | undefined): void => {
      const now = performance.now();
      if (job === undefined || controller.signal.aborted || now - last < PROGRESS_MS) return;
      last = now;
      store.dispatch({ type: 'job', job: { id, ...job, done, total } });
    };
    work({ signal: controller.signal, progress })
      .catch((error: unknown) => {
        if (controller.signal.aborted) return;
        store.dispatch({ type: 'toast', toast: { text: errorText(error), tone: 'bad' } });
      })
      .finally(() => {
        if (this.#running.get(kind)?.id !== id) return;
        this.#running.delete(kind);
        if (store.state.job?.id === id) store.dispatch({ type: 'job', job: undefined });
      });
    // work that takes long enough to be noticed says that it goes on, before it knows how far it is
    const slow = setTimeout(() => {
      if (job !== undefined && this.#running.get(kind)?.id === id && store.state.job === undefined) {
        store.dispatch({ type: 'job', job: { id, ...job, done: 0 } });
      }
    }, 2 * PROGRESS_MS);
    slow.unref();
  }
}

function pathOf(row: number | undefined): readonly number[] | undefined {
  return row === undefined ? undefined : [row];
}

interface Running {
  readonly signal: AbortSignal;
  progress(done: number, total: number | undefined): void;
}

/** Writes an extract under a path that nothing has yet: aside, flushed, 0600, then named. Returns its size. */
async function write(extract: Extract, path: string, run: Running): Promise<number> {
  return writeAside(path, { size: extract.size }, async ({ output }) => {
    let written = 0;
    for await (const chunk of extract.stream(run.signal)) {
      run.signal.throwIfAborted();
      await output.append(chunk);
      written += chunk.length;
      run.progress(written, extract.size);
    }
    run.signal.throwIfAborted();
    return written;
  });
}

function errorText(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const remedy = error instanceof ColdcaseError ? error.remedy : undefined;
  return remedy === undefined ? message : `${message}; ${remedy}`;
}
