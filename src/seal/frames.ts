import { availableParallelism } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { FailedError, IntegrityError } from '../base/errors.js';
import { workerUrl } from '../base/worker.js';
import { allocateRing, FRAME_SIZE, FrameRing, type RingMemory, SHRUNK } from './frame-ring.js';

/** What a compressing thread is started with. */
export interface CompressJob {
  readonly memory: RingMemory;
  /** Read the frames from this regular file; otherwise the main thread fills them. */
  readonly fd: number | undefined;
}

/** Where the tar's bytes come from. */
export type FrameInput =
  | { readonly fd: number; readonly size: number }
  | { readonly chunks: AsyncIterable<Uint8Array> };

/** A frame of the tar and what it became. Both views are reused once the next frame is asked for. */
export interface Frame {
  readonly content: Uint8Array;
  readonly compressed: Uint8Array;
}

/** More would wait for the main thread, which encrypts, hashes and writes. */
const MAX_THREADS = 6;

/**
 * Compresses a tar in frames on all cores, and hashes it meanwhile on a thread of its own.
 *
 * The result of the generator is the SHA-256 of the tar in lower-case hex. Memory is bounded by the ring: the
 * slowest of reading, compressing, hashing and consuming holds the others back.
 */
export async function* compressFrames(
  input: FrameInput,
  signal: AbortSignal | undefined,
): AsyncGenerator<Frame, string> {
  signal?.throwIfAborted();
  const threads = Math.min(MAX_THREADS, availableParallelism());
  const crew = new Crew(
    allocateRing(16 + 4 * threads),
    threads,
    'fd' in input ? input.fd : undefined,
    signal,
  );
  try {
    const feeding = 'fd' in input ? crew.publishFile(input.size) : crew.publishChunks(input.chunks);
    feeding.catch((error: unknown) => crew.fail(error));
    for (let frame = 0; await crew.compressed(frame); frame += 1) {
      yield { content: crew.ring.input(frame), compressed: crew.ring.output(frame) };
      crew.release(frame);
      // Frames that are ready leave no pause in which signals, timers and messages could come through.
      if (frame % 4 === 3) await setImmediate();
    }
    await feeding;
    return await crew.sha256;
  } finally {
    await crew.dismiss();
  }
}

/** The threads, and the main thread's view of where they are. */
class Crew {
  readonly ring: FrameRing;
  readonly sha256: Promise<string>;

  private readonly workers: Worker[] = [];
  /** Frames that the consumer is done with. */
  private consumed = 0;
  private published = 0;
  private complete = false;
  private failure: { readonly error: unknown } | undefined;
  private waiting: (() => void)[] = [];
  private hashed: (sha256: string) => void = () => {};
  private rejectHash: (error: unknown) => void = () => {};
  private readonly onAbort = (): void => this.fail(this.signal?.reason);

  constructor(
    memory: RingMemory,
    threads: number,
    fd: number | undefined,
    private readonly signal: AbortSignal | undefined,
  ) {
    this.ring = new FrameRing(memory);
    this.sha256 = new Promise((resolve, reject) => {
      this.hashed = resolve;
      this.rejectHash = reject;
    });
    this.sha256.catch(() => {}); // whoever waits for it is told; nobody may
    this.start('./hash-worker.js', memory);
    const job: CompressJob = { memory, fd };
    for (let i = 0; i < threads; i += 1) this.start('./compress-worker.js', job);
    signal?.addEventListener('abort', this.onAbort);
  }

  private start(file: string, workerData: unknown): void {
    const worker = new Worker(workerUrl(import.meta.url, file), { workerData });
    worker.on('message', (message: unknown) => {
      if (isHash(message)) this.hashed(message.sha256);
      this.wake();
    });
    worker.on('error', (error) => this.fail(workerError(error)));
    this.workers.push(worker);
  }

  fail(error: unknown): void {
    this.failure ??= { error };
    this.rejectHash(error);
    this.ring.stop();
    this.wake();
  }

  /** Waits for frame `frame`; false when the tar has ended before it. */
  async compressed(frame: number): Promise<boolean> {
    await this.until(() => this.ring.isCompressed(frame) || (this.complete && frame >= this.published));
    return frame < this.published;
  }

  /** The consumer needs frame `frame` no longer. */
  release(frame: number): void {
    this.consumed = frame + 1;
    this.wake();
  }

  async publishFile(size: number): Promise<void> {
    for (let offset = 0; offset < size; offset += FRAME_SIZE) {
      if (this.freeSlots() === 0) {
        this.ring.announce();
        // Half the ring at once: waking the threads for every single frame would cost as much as the frames.
        await this.until(() => this.freeSlots() >= this.ring.slots / 2);
      }
      this.publish(Math.min(FRAME_SIZE, size - offset), false);
    }
    this.finish();
  }

  async publishChunks(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    let filled = 0;
    for await (const chunk of chunks) {
      for (let offset = 0; offset < chunk.length; ) {
        if (filled === 0 && this.freeSlots() === 0) await this.until(() => this.freeSlots() > 0);
        const piece = chunk.subarray(offset, offset + FRAME_SIZE - filled);
        this.ring.slotInput(this.published).set(piece, filled);
        offset += piece.length;
        filled += piece.length;
        if (filled < FRAME_SIZE) continue;
        this.publish(filled, true);
        this.ring.announce();
        filled = 0;
      }
      if (this.failure !== undefined) return;
    }
    if (filled > 0) this.publish(filled, true);
    this.finish();
  }

  /** Frames that can be published before one has to be both hashed and consumed. */
  private freeSlots(): number {
    return Math.min(this.consumed, this.ring.hashed) + this.ring.slots - this.published;
  }

  private publish(length: number, isFilled: boolean): void {
    this.ring.publish(this.published, length, isFilled);
    this.published += 1;
  }

  private finish(): void {
    this.complete = true;
    this.ring.finish();
    this.wake();
  }

  private async until(condition: () => boolean): Promise<void> {
    for (;;) {
      if (this.failure !== undefined) throw this.failure.error;
      if (condition()) return;
      const woken = new Promise<void>((resolve) => this.waiting.push(resolve));
      this.ring.setMainWaits();
      if (condition()) this.wake(); // it came true before anybody was told to tell
      await woken;
    }
  }

  private wake(): void {
    const waiting = this.waiting;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }

  async dismiss(): Promise<void> {
    this.signal?.removeEventListener('abort', this.onAbort);
    this.ring.stop();
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }
}

function isHash(message: unknown): message is { readonly sha256: string } {
  return typeof message === 'object' && message !== null && 'sha256' in message;
}

function workerError(error: Error): Error {
  if (error.message === SHRUNK) {
    return new IntegrityError('the archive became shorter while it was read');
  }
  return new FailedError(`a worker thread failed: ${error.message}`, { cause: error });
}
