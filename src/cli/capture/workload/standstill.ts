import { setTimeout as wait } from 'node:timers/promises';
import { tracerOf } from '../../../node/freezer/at-work.js';
import { type ContainerFreezer, readFreezer } from '../../../node/freezer/state.js';
import type { HostRoot } from '../../../node/host/root.js';

const PAUSE = 100;
/** Processes of which each look asks whether they are traced. */
const LOOKED_AT = 16;

/** For how long a container stands still, frozen or under CRIU, as far as looking every 100 ms can tell. */
export class Standstill {
  readonly #host: HostRoot;
  readonly #freezer: ContainerFreezer;
  readonly #expected: number;
  readonly #onLong: (milliseconds: number) => void;
  #since: number | undefined;
  #longest = 0;
  #told = false;

  /**
   * @param expected - milliseconds; one that is longer is told, once
   */
  constructor(
    host: HostRoot,
    freezer: ContainerFreezer,
    expected: number,
    onLong: (milliseconds: number) => void,
  ) {
    this.#host = host;
    this.#freezer = freezer;
    this.#expected = expected;
    this.#onLong = onLong;
  }

  /** The longest one that was seen, in milliseconds. */
  get longest(): number {
    return Math.round(this.#longest);
  }

  /** Milliseconds that the present one has lasted; undefined when it runs. */
  get now(): number | undefined {
    return this.#since === undefined ? undefined : performance.now() - this.#since;
  }

  async look(): Promise<void> {
    const { state } = await readFreezer(this.#host, this.#freezer);
    // while CRIU dumps, the processes are stopped by their tracer, and the freezer says that they run
    const pids = this.#freezer.pids.slice(0, LOOKED_AT);
    const still = state === 'frozen' || (await tracerOf(this.#host, pids)) !== undefined;
    const now = performance.now();
    if (still) this.#since ??= now;
    else this.#since = undefined;
    if (this.#since === undefined) return;
    this.#longest = Math.max(this.#longest, now - this.#since);
    if (this.#longest < this.#expected || this.#told) return;
    this.#told = true;
    this.#onLong(this.#longest);
  }

  /** Looks again and again. @returns ends it */
  follow(): () => Promise<void> {
    const stop = new AbortController();
    const running = (async () => {
      while (!stop.signal.aborted) {
        await this.look();
        await wait(PAUSE, undefined, { signal: stop.signal }).catch(() => undefined); // the only error: stopped
      }
    })();
    return () => {
      stop.abort();
      return running;
    };
  }
}
