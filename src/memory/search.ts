import type { Archive } from '../archive/archive.js';
import { FailedError } from '../base/errors.js';
import { EXPRESSION_TIME } from '../base/time-limit.js';
import type { Vma } from '../criu/address-space.js';
import type { Pattern } from './pattern.js';
import { openScanPool } from './scan-pool.js';
import type { SearchTarget, SearchTask } from './search-task.js';
import type { ScannerOptions, WindowHit } from './window-scanner.js';
import { ImageList, type Piece, type Reach, type Window, windowTasks } from './windows.js';

/** A match in the memory of a process. */
export interface MemoryMatch {
  readonly pid: number;
  readonly address: bigint;
  /** The matching bytes. */
  readonly bytes: Uint8Array;
  /** Up to `context` bytes before and after, fewer where the memory ends. */
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  /** The mapping in which it begins. */
  readonly vma: Vma | undefined;
  /** Where its first byte is stored; undefined when that is in memory that was never written. */
  readonly stored:
    | { readonly image: string; readonly offset: number; readonly archiveOffset: number | undefined }
    | undefined;
}

export interface SearchOptions {
  /** Process memories in the order in which they are searched. */
  readonly targets: readonly SearchTarget[];
  readonly pattern: Pattern;
  /** Bytes wanted on either side of each match. Default 0. */
  readonly context?: number;
  /** Only addresses from `start` (inclusive) to `end` (exclusive). */
  readonly start?: bigint;
  readonly end?: bigint;
  /** Threads; by default as many as there are cores, within bounds that keep memory flat. 0 for this one only. */
  readonly threads?: number;
  /** Milliseconds that a regular expression may take for 1 MiB of memory. Default 2000. */
  readonly timeLimit?: number;
  readonly signal?: AbortSignal | undefined;
  /** Bytes searched so far, of how many. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** A stretch of memory that was given up because the regular expression took too long for it. */
  readonly onStopped?: ((stretch: StoppedStretch) => void) | undefined;
}

/** Memory that a regular expression took too long for: matches that begin in it were not looked for to the end. */
export interface StoppedStretch {
  readonly pid: number;
  readonly start: bigint;
  readonly end: bigint;
}

/** Bytes before a match that lookbehind and `\b` may see. */
const LOOK_BEHIND = 256;
/** Longest match of a regular expression that is found whole wherever it lies. */
export const REGEX_REACH = 64 * 1024;

/**
 * Searches the memory of processes. Matches come in the order of the targets and of their addresses, and do not
 * overlap. They are found across page, run and mapping boundaries; memory that was never written (all zeros) is
 * not searched but for its first and last 4 KiB next to other memory.
 *
 * @throws FormatError, IntegrityError when the archive cannot be read
 * @throws FailedError when a regular expression is too slow for too much of the memory
 */
export async function* searchMemory(archive: Archive, options: SearchOptions): AsyncGenerator<MemoryMatch> {
  const { pattern, context = 0 } = options;
  const reach = reachOf(pattern, context);
  const scanner: ScannerOptions = {
    pattern,
    reach,
    context,
    timeLimit: options.timeLimit ?? EXPRESSION_TIME,
  };
  const list = new ImageList();
  const { total, contiguous } = survey(options);
  const threads = contiguous ? options.threads : 0;
  const pool = await openScanPool(archive, list, scanner, { size: total, threads });
  let done = 0;
  let stopped = 0;
  let floor = { pid: -1, address: 0n };
  try {
    for await (const { task, outcome, last } of pool.run(tasksOf(options, list, reach), options.signal)) {
      for (const hit of outcome.hits) {
        const match = describe(hit, task, list);
        if (match === undefined || (match.pid === floor.pid && match.address < floor.address)) continue;
        floor = { pid: match.pid, address: match.address + BigInt(match.bytes.length) };
        yield match;
      }
      for (const index of outcome.stopped) {
        stopped += 1;
        if (stopped > MAX_STOPPED) throw tooSlow();
        reportStopped(task, index, options);
      }
      if (!last) continue;
      done += task.windows.reduce((sum, { from, to }) => sum + to - from, 0);
      options.onProgress?.(Math.min(done, total), total);
    }
  } finally {
    await pool.close();
  }
}

/** Stretches that a regular expression may be too slow for before the search is given up. */
const MAX_STOPPED = 8;

function tooSlow(): FailedError {
  return new FailedError(
    `the regular expression took too long for more than ${MAX_STOPPED} stretches of memory`,
    {
      remedy: 'write it without nested repetition, such as (a+)+',
    },
  );
}

function* tasksOf(options: SearchOptions, list: ImageList, reach: Reach): Generator<SearchTask> {
  for (const target of options.targets) {
    for (const windows of windowTasks(target.space, list, reach, options.start, options.end)) {
      yield { target, windows };
    }
  }
}

function reachOf(pattern: Pattern, context: number): Reach {
  if (pattern.kind === 'regex') {
    return { before: Math.max(context, LOOK_BEHIND), after: REGEX_REACH + context };
  }
  const longest = Math.max(...pattern.needles.map((needle) => needle.length));
  return { before: context, after: longest - 1 + context };
}

/** Bytes to be searched, and whether all of them lie in the tar as they are. */
function survey(options: SearchOptions): { readonly total: number; readonly contiguous: boolean } {
  let sum = 0n;
  let contiguous = true;
  for (const { space } of options.targets) {
    for (const { start, end, backing } of space.segments(options.start, options.end)) {
      if (backing.kind !== 'pages') continue;
      sum += end - start;
      if (backing.pages.archiveOffset === undefined) contiguous = false;
    }
  }
  return { total: Number(sum), contiguous };
}

function describe(hit: WindowHit, { target, windows }: SearchTask, list: ImageList): MemoryMatch | undefined {
  const window = windows[hit.window];
  if (window === undefined) return undefined;
  const address = window.address + BigInt(hit.offset);
  const { bytes, before, after } = hit;
  const vma = target.space.vmaAt(address);
  return { pid: target.pid, address, bytes, before, after, vma, stored: storedAt(window, hit.offset, list) };
}

function storedAt(window: Window, offset: number, list: ImageList): MemoryMatch['stored'] {
  let base = 0;
  for (const piece of window.pieces) {
    if (offset < base + piece.length) return storedIn(piece, offset - base, list);
    base += piece.length;
  }
  return undefined;
}

function storedIn(piece: Piece, at: number, list: ImageList): MemoryMatch['stored'] {
  const image = list.images[piece.image];
  if (image === undefined) return undefined;
  const offset = piece.offset + at;
  const { archiveOffset } = image;
  return {
    image: image.name,
    offset,
    archiveOffset: archiveOffset === undefined ? undefined : archiveOffset + offset,
  };
}

function reportStopped({ target, windows }: SearchTask, index: number, options: SearchOptions): void {
  const window = windows[index];
  if (window === undefined) return;
  const start = window.address + BigInt(window.from);
  options.onStopped?.({ pid: target.pid, start, end: window.address + BigInt(window.to) });
}
