import { ColdcaseError, InterruptedError } from '../../base/errors.js';
import { formatDuration } from '../../base/units.js';
import type { CheckpointTimes } from '../../kubelet/checkpoint-times.js';
import type { CheckpointAnswer } from '../../kubelet/client.js';
import { CutError, TimedOutError } from '../../kubelet/connection-errors.js';
import { DeadlineError } from '../../kubelet/explain.js';
import type { ConnectedJob, ContainerTarget } from './job.js';
import type { WorkloadWatch } from './workload/watch.js';
import { nameOf } from './workload/words.js';

/** After these an archive may appear all the same: containerd goes on when its deadline ends while it copies. */
const MAY_GO_ON = [TimedOutError, CutError, InterruptedError, DeadlineError] as const;

/**
 * Asks for a checkpoint and waits. Whoever stops waiting is told that an archive may still appear, and where: nobody
 * else will take it away.
 */
export async function askForCheckpoint(
  job: ConnectedJob,
  target: ContainerTarget,
  times: CheckpointTimes,
  watch: WorkloadWatch,
): Promise<CheckpointAnswer> {
  const started = performance.now();
  const name = nameOf(target);
  const tell = (): void => {
    const still = watch.standstill?.now;
    const frozen = still === undefined ? '' : `, frozen for ${formatDuration(still)}`;
    const since = formatDuration(performance.now() - started);
    job.progress.say(`${name}: the kubelet writes the checkpoint  ${since}${frozen}`);
  };
  tell();
  const unwatch = watch.before.state === 'frozen' ? undefined : watch.standstill?.follow();
  const clock = setInterval(tell, 200);
  try {
    return await job.client.checkpoint(target, { ...times, signal: job.signal });
  } catch (error) {
    if (error instanceof ColdcaseError && MAY_GO_ON.some((kind) => error instanceof kind)) {
      const pattern = `${job.checkpointDir}/checkpoint-${target.pod}_${target.namespace}-${target.container}-*.tar`;
      error.more.push(
        'an archive may still appear, in plaintext, as',
        pattern,
        'seal it (coldcase seal FILE -r RECIPIENT) or remove it',
      );
    }
    throw error;
  } finally {
    clearInterval(clock);
    await unwatch?.();
    job.progress.clear();
  }
}
