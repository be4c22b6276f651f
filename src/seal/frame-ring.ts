import { STORED, storedFrame } from './stored-frame.js';

/** Tar bytes in one zstd frame: the unit of random access. */
export const FRAME_SIZE = 1024 * 1024;
/** Room for a frame that does not compress: zstd's ZSTD_COMPRESSBOUND of FRAME_SIZE, rounded up. */
const FRAME_BOUND = FRAME_SIZE + FRAME_SIZE / 128;

/** Words of the control block that all threads share. */
const STOP = 0;
const FINISHED = 1;
const PUBLISHED = 2;
const CLAIMED = 3;
const HASHED = 4;
const MAIN_WAITS = 5;
const TO_COMPRESS: Bell = { rings: 6, sleepers: 7 };
const TO_HASH: Bell = { rings: 8, sleepers: 9 };
/** The hashing thread sleeps until this frame is filled, not just the next one. */
const HASH_WANTS = 10;
const WORDS = 11;

/** A word that threads sleep on, incremented by every event, and how many sleep. */
interface Bell {
  readonly rings: number;
  readonly sleepers: number;
}

/** What a worker needs to take part: all of it shared memory. */
export interface RingMemory {
  readonly slots: number;
  readonly control: SharedArrayBuffer;
  readonly inputs: SharedArrayBuffer;
  readonly outputs: SharedArrayBuffer;
}

export function allocateRing(slots: number): RingMemory {
  return {
    slots,
    control: new SharedArrayBuffer(4 * (WORDS + 4 * slots)),
    inputs: new SharedArrayBuffer(slots * FRAME_SIZE),
    outputs: new SharedArrayBuffer(slots * FRAME_BOUND),
  };
}

/**
 * A ring of frames on their way from tar bytes to compressed ones, shared between the main thread, the threads
 * that compress (each frame by whoever is free) and the one that hashes (in order). Frame n lives in slot
 * n modulo the number of slots, until it was both hashed and consumed.
 *
 * Main publishes frames in order; a compressing thread claims one, fills it (when the input is a file) and
 * compresses it; the hashing thread follows as they are filled. Waking a thread costs more than looking whether
 * one sleeps, so that is looked at first; the main thread, which must not sleep, is sent a message when it said
 * that it waits.
 */
export class FrameRing {
  readonly #words: Int32Array;
  readonly #inputLengths: Int32Array;
  readonly #outputLengths: Int32Array;
  /** Number of the frame, plus one, that was last filled or compressed in a slot. */
  readonly #filled: Int32Array;
  readonly #compressed: Int32Array;

  readonly #memory: RingMemory;

  constructor(memory: RingMemory) {
    this.#memory = memory;
    const { control, slots } = memory;
    const array = (index: number): Int32Array => new Int32Array(control, 4 * (WORDS + index * slots), slots);
    this.#words = new Int32Array(control, 0, WORDS);
    this.#inputLengths = array(0);
    this.#outputLengths = array(1);
    this.#filled = array(2);
    this.#compressed = array(3);
  }

  get slots(): number {
    return this.#memory.slots;
  }

  /** Where a frame's tar bytes are: all of its slot, for whoever fills it. */
  slotInput(frame: number): Uint8Array {
    return new Uint8Array(this.#memory.inputs, (frame % this.slots) * FRAME_SIZE, FRAME_SIZE);
  }

  input(frame: number): Uint8Array {
    return this.slotInput(frame).subarray(0, this.#inputLengths[frame % this.slots]);
  }

  slotOutput(frame: number): Uint8Array {
    return new Uint8Array(this.#memory.outputs, (frame % this.slots) * FRAME_BOUND, FRAME_BOUND);
  }

  /** A compressed frame, in pieces. */
  output(frame: number): Uint8Array[] {
    const length = this.#outputLengths[frame % this.slots] ?? 0;
    if (length === STORED) return storedFrame(this.input(frame));
    return [this.slotOutput(frame).subarray(0, length)];
  }

  /**
   * Main thread: frame `frame`, the next one, has `length` bytes; they are in its slot already if `isFilled`.
   * Threads that sleep are woken by the next `announce`.
   */
  publish(frame: number, length: number, isFilled: boolean): void {
    Atomics.store(this.#inputLengths, frame % this.slots, length);
    if (isFilled) Atomics.store(this.#filled, frame % this.slots, frame + 1);
    Atomics.store(this.#words, PUBLISHED, frame + 1);
  }

  announce(): void {
    this.#ring(TO_COMPRESS);
    this.#ring(TO_HASH);
  }

  /** Main thread: no frames come after those published. */
  finish(): void {
    Atomics.store(this.#words, FINISHED, 1);
    this.announce();
  }

  /** Any thread: everyone is to end at once. */
  stop(): void {
    Atomics.store(this.#words, STOP, 1);
    this.announce();
  }

  /** Compressing thread: sleeps until there is a frame for it; `undefined` when there will be none. */
  claim(): number | undefined {
    for (;;) {
      const heard = Atomics.load(this.#words, TO_COMPRESS.rings);
      const next = Atomics.load(this.#words, CLAIMED);
      if (Atomics.load(this.#words, STOP) === 1) return undefined;
      if (next < Atomics.load(this.#words, PUBLISHED)) {
        if (Atomics.compareExchange(this.#words, CLAIMED, next, next + 1) === next) return next;
      } else if (Atomics.load(this.#words, FINISHED) === 1) {
        return undefined;
      } else {
        this.#sleep(TO_COMPRESS, heard);
      }
    }
  }

  markFilled(frame: number): void {
    Atomics.store(this.#filled, frame % this.slots, frame + 1);
    if (frame >= Atomics.load(this.#words, HASH_WANTS)) this.#ring(TO_HASH);
  }

  /**
   * @param length - bytes in the slot's output, or `STORED`
   * @returns whether the main thread waits for an event, and is to be sent a message
   */
  markCompressed(frame: number, length: number): boolean {
    Atomics.store(this.#outputLengths, frame % this.slots, length);
    Atomics.store(this.#compressed, frame % this.slots, frame + 1);
    return this.#takeMainWaits();
  }

  isCompressed(frame: number): boolean {
    return Atomics.load(this.#compressed, frame % this.slots) === frame + 1;
  }

  /** Hashing thread: sleeps until a frame is filled; false when there is no such frame. */
  waitFilled(frame: number): boolean {
    for (;;) {
      const heard = Atomics.load(this.#words, TO_HASH.rings);
      if (Atomics.load(this.#words, STOP) === 1) return false;
      if (this.#isFilled(frame)) return true;
      const finished = Atomics.load(this.#words, FINISHED) === 1;
      const published = Atomics.load(this.#words, PUBLISHED);
      if (finished && frame >= published) return false;
      // Waking up is what costs: then let there be a quarter of the ring to hash, or all that is left.
      const wanted = frame + (this.slots >> 2);
      const target = finished ? Math.min(wanted, published - 1) : wanted;
      Atomics.store(this.#words, HASH_WANTS, target);
      // Frames are filled out of order: with the target there already, the very next one is what is missing.
      if (this.#isFilled(target)) Atomics.store(this.#words, HASH_WANTS, frame);
      if (!this.#isFilled(frame)) this.#sleep(TO_HASH, heard);
    }
  }

  #isFilled(frame: number): boolean {
    return Atomics.load(this.#filled, frame % this.slots) === frame + 1;
  }

  /** @returns as `markCompressed` */
  markHashed(frame: number): boolean {
    Atomics.store(this.#words, HASHED, frame + 1);
    return this.#takeMainWaits();
  }

  get hashed(): number {
    return Atomics.load(this.#words, HASHED);
  }

  get stopped(): boolean {
    return Atomics.load(this.#words, STOP) === 1;
  }

  /** Main thread: from now on the next event is to be told. What it waits for has to be looked at after this. */
  setMainWaits(): void {
    Atomics.store(this.#words, MAIN_WAITS, 1);
  }

  #takeMainWaits(): boolean {
    return Atomics.exchange(this.#words, MAIN_WAITS, 0) === 1;
  }

  #ring(bell: Bell): void {
    Atomics.add(this.#words, bell.rings, 1);
    if (Atomics.load(this.#words, bell.sleepers) > 0) Atomics.notify(this.#words, bell.rings);
  }

  /** Sleeps until the bell has rung more often than was heard. */
  #sleep(bell: Bell, heard: number): void {
    Atomics.add(this.#words, bell.sleepers, 1);
    Atomics.wait(this.#words, bell.rings, heard);
    Atomics.sub(this.#words, bell.sleepers, 1);
  }
}
