import { ColdcaseError, InterruptedError, UnsafeError } from '../../base/errors.js';
import type { HostRoot } from '../../node/host/root.js';
import { readActivity, whyUncertain } from '../../node/leftovers/activity.js';
import type { Leftover } from '../../node/leftovers/look.js';
import { removeLeftover } from '../../node/leftovers/remove.js';
import { leftoverLine } from '../../node/leftovers/words.js';
import { escapeText } from '../../render/escape.js';
import { confirm } from '../confirm.js';
import { interrupted } from '../interrupt.js';

export interface PruneLeftoversOptions {
  /** Milliseconds; what changed later stays. */
  readonly olderThan: number | undefined;
  readonly yes: boolean;
}

/**
 * Removes what engines and coldcase left, after asking, as far as it is certain that nothing runs in it.
 *
 * @returns how many were removed
 * @throws UnsafeError when some of theirs was kept
 */
export async function pruneLeftovers(
  host: HostRoot,
  leftovers: readonly Leftover[],
  options: PruneLeftoversOptions,
): Promise<number> {
  const now = new Date();
  const { olderThan = 0 } = options;
  const chosen = leftovers.filter(({ changed }) => now.getTime() - changed.getTime() >= olderThan);
  if (chosen.length === 0) return 0;
  const activity = host.isThisMachine ? await readActivity(host, chosen) : undefined;
  const certain: Leftover[] = [];
  let kept = 0;
  for (const leftover of chosen) {
    const why =
      activity === undefined
        ? 'whether anything runs in it cannot be told below --host-root'
        : whyUncertain(leftover, activity, now);
    say(`${leftoverLine(leftover, now)}  ${why === undefined ? 'nothing runs in it' : `kept: ${why}`}`);
    if (why === undefined) certain.push(leftover);
    // what is somebody else's, or the engine's to remove, was never to go
    else if (leftover.obstacle === undefined) kept += 1;
  }
  if (certain.length > 0 && !options.yes) {
    await confirm(`Remove for good what nothing runs in (${certain.length} of the above)?`);
  }
  let removed = 0;
  for (const leftover of certain) {
    interrupted.throwIfAborted();
    try {
      await removeLeftover(host, leftover);
      removed += 1;
    } catch (error) {
      if (error instanceof InterruptedError || !(error instanceof ColdcaseError)) throw error;
      say(error.message);
      kept += 1;
    }
  }
  if (kept > 0) {
    throw new UnsafeError(`${kept} pieces were kept, for it is not certain that nothing runs in them`, {
      remedy: 'run it again on the node itself, as root, when no checkpoint is being made',
    });
  }
  return removed;
}

function say(line: string): void {
  process.stderr.write(`${escapeText(line)}\n`);
}
