import { setImmediate } from 'node:timers/promises';
import { TimeLimit } from '../base/time-limit.js';
import type { Pattern } from './pattern.js';
import { createScanner, type Scanner } from './scan.js';
import { BODY, type Reach, type Window } from './windows.js';

/** Puts bytes of a pages image into a buffer. Answers at once where it can: that is faster. */
export type FillBuffer = (
  image: number,
  offset: number,
  into: Buffer,
  at: number,
  length: number,
) => Promise<void> | undefined;

/** A match with the bytes around it. Plain data, for workers. */
export interface WindowHit {
  /** Index of its window in the task. */
  readonly window: number;
  /** Offset of its first byte in the window. */
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

/** What came of a task. */
export interface TaskOutcome {
  readonly hits: readonly WindowHit[];
  /** Where to go on when more was found than one answer holds. */
  readonly resume: Position | undefined;
  /** Windows that the pattern took too long for. */
  readonly stopped: readonly number[];
}

export interface Position {
  readonly window: number;
  readonly offset: number;
}

export interface ScannerOptions {
  readonly pattern: Pattern;
  readonly reach: Reach;
  /** Bytes wanted on either side of a match. */
  readonly context: number;
  /** Milliseconds that a regular expression may take for one batch of windows (at most about 1 MiB). */
  readonly timeLimit: number;
}

/** An answer holds at most so many hits, and stops behind the one that fills so many bytes. */
const MAX_HITS = 2000;
const MAX_HIT_BYTES = 4 << 20;
/** An answer comes after so many windows that took too long: there may be no use in going on. */
const MAX_STOPPED = 1;

/** Searches the windows of tasks, through a buffer of bounded size. */
export class WindowScanner {
  readonly #options: ScannerOptions;
  readonly #fill: FillBuffer;
  readonly #scanner: Scanner;
  readonly #buffer: Buffer;
  readonly #timed: TimeLimit | undefined;

  constructor(options: ScannerOptions, fill: FillBuffer) {
    this.#options = options;
    this.#fill = fill;
    this.#scanner = createScanner(options.pattern);
    this.#buffer = Buffer.allocUnsafeSlow(BODY + options.reach.before + options.reach.after);
    this.#timed = options.pattern.kind === 'regex' ? new TimeLimit(options.timeLimit) : undefined;
  }

  /** @param signal - heard between windows, and where one took too long */
  async scan(windows: readonly Window[], from: Position, signal?: AbortSignal): Promise<TaskOutcome> {
    const answer: Answer = { hits: [], bytes: 0, stopped: [], resume: undefined };
    let at: Position = from;
    while (at.window < windows.length && answer.resume === undefined) {
      signal?.throwIfAborted();
      const batch = await this.#load(windows, at.window);
      const end = at.window + batch.length;
      while (at.window < end && answer.resume === undefined) {
        const given = answer.stopped.length;
        at = this.#scanBatch(windows, batch, at, end, answer);
        if (answer.stopped.length === given) continue;
        // a signal that came in the meantime is heard now
        await setImmediate();
        signal?.throwIfAborted();
        if (answer.stopped.length >= MAX_STOPPED) answer.resume = at;
      }
    }
    return { hits: answer.hits, stopped: answer.stopped, resume: answer.resume };
  }

  /** Fills the buffer with windows from an index on; gives where each begins in it. At least one. */
  async #load(windows: readonly Window[], first: number): Promise<Loaded[]> {
    const loaded: Loaded[] = [];
    let at = 0;
    for (let i = first; i < windows.length; i += 1) {
      const window = windows[i];
      if (window === undefined) break;
      const length = window.pieces.reduce((sum, piece) => sum + piece.length, 0);
      if (at + length > this.#buffer.length) break;
      loaded.push({ index: i, start: at, length });
      for (const { image, offset, length: size } of window.pieces) {
        if (image === -1) this.#buffer.fill(0, at, at + size);
        else {
          const pending = this.#fill(image, offset, this.#buffer, at, size);
          if (pending !== undefined) await pending;
        }
        at += size;
      }
    }
    return loaded;
  }

  /** Scans windows that are loaded, under the time limit; gives where to go on. */
  #scanBatch(
    windows: readonly Window[],
    batch: readonly Loaded[],
    from: Position,
    end: number,
    answer: Answer,
  ): Position {
    let current = from;
    const run = (): void => {
      for (const loaded of batch) {
        const window = windows[loaded.index];
        if (window === undefined || loaded.index < current.window) continue;
        const start = loaded.index === current.window ? Math.max(current.offset, window.from) : window.from;
        current = { window: loaded.index, offset: start };
        this.#scanWindow(window, loaded, start, answer);
        if (answer.resume !== undefined) return;
      }
      current = { window: end, offset: 0 };
    };
    if (this.#timed === undefined) {
      run();
      return current;
    }
    if (this.#timed.run(run)) return current;
    answer.stopped.push(current.window);
    return { window: current.window + 1, offset: 0 };
  }

  #scanWindow(window: Window, loaded: Loaded, from: number, answer: Answer): void {
    const bytes = this.#buffer.subarray(loaded.start, loaded.start + loaded.length);
    const { hits, resume } = this.#scanner.scan(bytes, from, window.to, MAX_HITS - answer.hits.length);
    const { context } = this.#options;
    for (const { offset, length } of hits) {
      const end = offset + length;
      answer.hits.push({
        window: loaded.index,
        offset,
        bytes: copy(bytes, offset, end),
        before: copy(bytes, Math.max(0, offset - context), offset),
        after: copy(bytes, end, Math.min(bytes.length, end + context)),
      });
      answer.bytes += length + 2 * context;
      if (answer.bytes < MAX_HIT_BYTES) continue;
      answer.resume = { window: loaded.index, offset: end };
      return;
    }
    if (resume !== undefined) answer.resume = { window: loaded.index, offset: resume };
  }
}

interface Loaded {
  readonly index: number;
  readonly start: number;
  readonly length: number;
}

interface Answer {
  readonly hits: WindowHit[];
  bytes: number;
  readonly stopped: number[];
  resume: Position | undefined;
}

function copy(bytes: Buffer, start: number, end: number): Uint8Array {
  return new Uint8Array(bytes.subarray(start, end));
}
