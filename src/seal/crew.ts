import { Worker } from 'node:worker_threads';
import { FailedError } from '../base/errors.js';
import { type PackedError, unpackError } from '../base/thread-error.js';
import { workerUrl } from '../base/worker.js';
import { FRAME_SIZE, FrameRing, type RingMemory } from './frame-ring.js';

/** What a compressing thread is started with. */
export interface CompressJob {
  readonly memory: RingMemory;
  /** Read the frames from this regular file; otherwise the main thread fills them. */
  readonly file: { readonly fd: number; readonly name: string } | undefined;
}

/** The threads that work on a ring of frames, and the main thread's view of where they are. */
export class Crew {
  readonly ring: FrameRing;
  readonly sha256: Promise<string>;

  readonly #workers: Worker[] = [];
  /** Frames that the consumer is done with. */
  #consumed = 0;
  #published = 0;
  #complete = false;
  #failure: { readonly error: unknown } | undefined;
  #waiting: (() => void)[] = [];
  #hashed: (sha256: string) => void = () => {};
  #rejectHash: (error: unknown) => void = () => {};
  readonly #onAbort = (): void => this.fail(this.#signal?.reason);

  readonly #signal: AbortSignal | undefined;

  constructor(
    memory: RingMemory,
    threads: number,
    file: CompressJob['file'],
    signal: AbortSignal | undefined,
  ) {
    this.#signal = signal;
    this.ring = new FrameRing(memory);
    this.sha256 = new Promise((resolve, reject) => {
      this.#hashed = resolve;
      this.#rejectHash = reject;
    });
    this.sha256.catch(() => {}); // whoever waits for it is told; nobody may
    this.#start('./hash-worker.js', memory);
    const job: CompressJob = { memory, file };
    for (let i = 0; i < threads; i += 1) this.#start('./compress-worker.js', job);
    signal?.addEventListener('abort', this.#onAbort);
  }

  #start(file: string, workerData: unknown): void {
    const worker = new Worker(workerUrl(import.meta.url, file), { workerData });
    worker.on('message', (message: unknown) => {
      if (isHash(message)) this.#hashed(message.sha256);
      if (isFailure(message)) this.fail(unpackError(message.failure));
      this.#wake();
    });
    worker.on('error', (cause) => {
      this.fail(new FailedError(`a worker thread failed: ${cause.message}`, { cause }));
    });
    this.#workers.push(worker);
  }

  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#rejectHash(error);
    this.ring.stop();
    this.#wake();
  }

  /** Waits for frame `frame`; false when the tar has ended before it. */
  async compressed(frame: number): Promise<boolean> {
    await this.#until(() => this.ring.isCompressed(frame) || (this.#complete && frame >= this.#published));
    return frame < this.#published;
  }

  /** The consumer needs frame `frame` no longer. */
  release(frame: number): void {
    this.#consumed = frame + 1;
    this.#wake();
  }

  async publishFile(size: number): Promise<void> {
    for (let offset = 0; offset < size; offset += FRAME_SIZE) {
      if (this.#freeSlots() === 0) {
        this.ring.announce();
        // Half the ring at once: waking the threads for every single frame would cost as much as the frames.
        await this.#until(() => this.#freeSlots() >= this.ring.slots / 2);
      }
      this.#publish(Math.min(FRAME_SIZE, size - offset), false);
    }
    this.finish();
  }

  async publishChunks(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    let filled = 0;
    for await (const chunk of chunks) {
      for (let offset = 0; offset < chunk.length; ) {
        if (filled === 0 && this.#freeSlots() === 0) await this.#until(() => this.#freeSlots() > 0);
        const piece = chunk.subarray(offset, offset + FRAME_SIZE - filled);
        this.ring.slotInput(this.#published).set(piece, filled);
        offset += piece.length;
        filled += piece.length;
        if (filled < FRAME_SIZE) continue;
        this.#publish(filled, true);
        this.ring.announce();
        filled = 0;
      }
      if (this.#failure !== undefined) return;
    }
    if (filled > 0) this.#publish(filled, true);
    this.finish();
  }

  /** Frames that can be published before one has to be both hashed and consumed. */
  #freeSlots(): number {
    return Math.min(this.#consumed, this.ring.hashed) + this.ring.slots - this.#published;
  }

  /** Hands content on to be hashed, for a crew that does not compress. */
  async append(content: Uint8Array): Promise<void> {
    for (let offset = 0; offset < content.length; offset += FRAME_SIZE) {
      if (this.#freeSlots() === 0) await this.#until(() => this.#freeSlots() > 0);
      const piece = content.subarray(offset, offset + FRAME_SIZE);
      this.ring.slotInput(this.#published).set(piece);
      this.#publish(piece.length, true);
      this.#consumed = this.#published;
      this.ring.announce();
    }
  }

  #publish(length: number, isFilled: boolean): void {
    this.ring.publish(this.#published, length, isFilled);
    this.#published += 1;
  }

  /** Nothing comes after what was published. */
  finish(): void {
    this.#complete = true;
    this.ring.finish();
    this.#wake();
  }

  async #until(condition: () => boolean): Promise<void> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error;
      if (condition()) return;
      const woken = new Promise<void>((resolve) => this.#waiting.push(resolve));
      this.ring.setMainWaits();
      if (condition()) this.#wake(); // it came true before anybody was told to tell
      await woken;
    }
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  async dismiss(): Promise<void> {
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.ring.stop();
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

function isHash(message: unknown): message is { readonly sha256: string } {
  return typeof message === 'object' && message !== null && 'sha256' in message;
}

function isFailure(message: unknown): message is { readonly failure: PackedError } {
  return typeof message === 'object' && message !== null && 'failure' in message;
}
