import { closeSync, openSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Archive } from '../archive/archive.js';
import { unpackError } from '../base/thread-error.js';
import { workerUrl } from '../base/worker.js';
import type { TaskAnswer, TaskMessage, WorkerSetup } from './search-messages.js';
import type { SearchTask } from './search-task.js';
import { type Position, type ScannerOptions, type TaskOutcome, WindowScanner } from './window-scanner.js';
import type { ImageList, Window } from './windows.js';

/** Memory smaller than this is searched before a thread would have started. */
const WORTH_THREADS = 32 << 20;
/** Threads on a plain tar need a few MiB each, on a sealed one also their caches: with these, far below 400 MiB. */
const MAX_THREADS = { plain: 16, packed: 4 } as const;
/** Tasks out at a time, for each thread: one to work on, one to go on with. */
const AHEAD = 2;

/** An answer to a task; `last` when no more is to come for it. */
export interface PoolAnswer {
  readonly task: SearchTask;
  readonly outcome: TaskOutcome;
  readonly last: boolean;
}

/** Runs tasks and gives the answers in the order of the tasks. */
export interface ScanPool {
  run(tasks: Iterable<SearchTask>, signal?: AbortSignal): AsyncGenerator<PoolAnswer>;
  close(): Promise<void>;
}

const START: Position = { window: 0, offset: 0 };

/** A pool of threads where that pays and the archive allows it, or this thread alone. */
export async function openScanPool(
  archive: Archive,
  list: ImageList,
  scanner: ScannerOptions,
  options: { readonly size: number; readonly threads: number | undefined },
): Promise<ScanPool> {
  const { access, storage } = archive;
  const plain = storage.compression === 'none' && !storage.encrypted;
  const most = plain ? MAX_THREADS.plain : MAX_THREADS.packed;
  const threads =
    options.threads ?? (options.size < WORTH_THREADS ? 0 : Math.min(availableParallelism(), most));
  if (access === undefined || threads === 0) return localPool(list, scanner);
  const descriptor = plain ? openSync(access.path, 'r') : undefined;
  return new WorkerPool(list, { access, descriptor, scanner }, threads);
}

function localPool(list: ImageList, options: ScannerOptions): ScanPool {
  const scanner = new WindowScanner(options, async (image, offset, into, at, length) => {
    const source = list.images[image]?.source;
    if (source !== undefined) into.set(await source.read(offset, length), at);
  });
  return {
    async *run(tasks, signal) {
      for (const task of tasks) {
        let from: Position | undefined = START;
        while (from !== undefined) {
          signal?.throwIfAborted();
          const outcome: TaskOutcome = await scanner.scan(task.windows, from, signal);
          from = outcome.resume;
          yield { task, outcome, last: from === undefined };
        }
      }
    },
    close: () => Promise.resolve(),
  };
}

interface Pending {
  readonly task: SearchTask;
  readonly windows: readonly Window[];
  outcome: TaskOutcome | undefined;
}

class WorkerPool implements ScanPool {
  readonly #list: ImageList;
  readonly #workers: Worker[] = [];
  readonly #descriptor: number | undefined;
  readonly #pending = new Map<number, Pending>();
  readonly #load = new Map<Worker, number>();
  #failure: Error | undefined;
  #wake: () => void = () => {};

  constructor(list: ImageList, setup: WorkerSetup, threads: number) {
    this.#list = list;
    this.#descriptor = setup.descriptor;
    const url = workerUrl(import.meta.url, './search-worker.js');
    for (let i = 0; i < threads; i += 1) {
      const worker = new Worker(url, { workerData: setup, resourceLimits: { maxOldGenerationSizeMb: 128 } });
      worker.on('message', (answer: TaskAnswer) => this.#receive(worker, answer));
      worker.on('error', (error) => this.#fail(error));
      this.#workers.push(worker);
      this.#load.set(worker, 0);
    }
  }

  async *run(tasks: Iterable<SearchTask>, signal?: AbortSignal): AsyncGenerator<PoolAnswer> {
    const abort = (): void => this.#wake();
    signal?.addEventListener('abort', abort);
    try {
      const source = tasks[Symbol.iterator]();
      let exhausted = false;
      let next = 0;
      for (let head = 0; ; ) {
        while (!exhausted && next - head < this.#workers.length * AHEAD) {
          const { value, done } = source.next();
          exhausted = done === true;
          if (done === true) break;
          this.#pending.set(next, {
            task: value,
            windows: value.windows.map((w) => this.#inTar(w)),
            outcome: undefined,
          });
          this.#send(next, START);
          next += 1;
        }
        const pending = this.#pending.get(head);
        if (pending === undefined) return;
        const { task, outcome } = pending;
        if (outcome === undefined) {
          await this.#change(signal);
          continue;
        }
        pending.outcome = undefined;
        // more of the same task is asked for only now, so that never more than an answer for each task waits here
        if (outcome.resume !== undefined) this.#send(head, outcome.resume);
        else this.#pending.delete(head++);
        yield { task, outcome, last: outcome.resume === undefined };
      }
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
  }

  /** Waits for an answer, a failure or an abort. */
  async #change(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (this.#failure === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    signal?.throwIfAborted();
    if (this.#failure !== undefined) throw this.#failure;
  }

  #send(id: number, from: Position): void {
    const [first, ...others] = this.#workers;
    if (first === undefined) return;
    const idle = others.reduce(
      (best, each) => (this.#loadOf(each) < this.#loadOf(best) ? each : best),
      first,
    );
    this.#load.set(idle, this.#loadOf(idle) + 1);
    const message: TaskMessage = { id, windows: this.#pending.get(id)?.windows ?? [], from };
    idle.postMessage(message);
  }

  #loadOf(worker: Worker): number {
    return this.#load.get(worker) ?? 0;
  }

  #receive(worker: Worker, answer: TaskAnswer): void {
    this.#load.set(worker, this.#loadOf(worker) - 1);
    if (answer.failure !== undefined) {
      this.#fail(unpackError(answer.failure));
      return;
    }
    const pending = this.#pending.get(answer.id);
    if (pending !== undefined) pending.outcome = answer.outcome;
    this.#wake();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#wake();
  }

  /** A window whose pieces have offsets in the tar. */
  #inTar(window: Window): Window {
    const pieces = window.pieces.map((piece) => {
      const start = this.#list.images[piece.image]?.archiveOffset ?? 0;
      return { ...piece, offset: piece.offset + start };
    });
    return { ...window, pieces };
  }
}
