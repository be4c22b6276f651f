import { setTimeout as wait } from 'node:timers/promises';
import { FailedError } from '../../../base/errors.js';
import { dumpAtWork, dumping } from '../../../node/freezer/at-work.js';
import { type ContainerFreezer, readFreezer } from '../../../node/freezer/state.js';
import type { HostRoot } from '../../../node/host/root.js';

const PAUSE = 100;
/** Between the dump and the copy, and after a deadline, nobody is seen for a moment, in milliseconds. */
const QUIET = 4000;

/**
 * Waits for a checkpoint that somebody else, such as another tool, is making of the container at this moment.
 *
 * @param patience - milliseconds
 * @param onWait - told once, when there is one
 * @returns whether there was one: then the container has to be looked at anew
 * @throws FailedError when it does not end in time; the signal's reason
 */
export async function waitForOthers(
  host: HostRoot,
  name: string,
  freezer: ContainerFreezer,
  options: {
    readonly patience: number;
    readonly signal: AbortSignal;
    readonly onWait: (line: string) => void;
  },
): Promise<boolean> {
  const until = performance.now() + options.patience;
  for (let seenAt: number | undefined; ; await wait(PAUSE)) {
    options.signal.throwIfAborted();
    const frozen = (await readFreezer(host, freezer)).state === 'frozen';
    const who = await (frozen ? dumpAtWork : dumping)(host, freezer.id);
    const now = performance.now();
    if (who === undefined) {
      if (seenAt === undefined || now - seenAt > QUIET) return seenAt !== undefined;
      continue;
    }
    if (seenAt === undefined) {
      options.onWait(`${name}: somebody else checkpoints it: ${who}: waiting for it to end`);
    }
    seenAt = now;
    if (now >= until) {
      throw new FailedError(`somebody else checkpoints ${name}, and does not end: ${who}`, {
        remedy: 'two at once spoil each other: end the other, then capture again',
      });
    }
  }
}
