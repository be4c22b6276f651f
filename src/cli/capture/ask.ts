import { InterruptedError } from '../../base/errors.js';
import { formatDuration } from '../../base/units.js';
import type { CheckpointAnswer } from '../../kubelet/client.js';
import { CutError, TimedOutError } from '../../kubelet/connection-errors.js';
import type { ConnectedJob, ContainerTarget } from './job.js';

/**
 * Asks for a checkpoint and waits. Whoever stops waiting is told that an archive may still appear, and where: nobody
 * else will take it away.
 */
export async function askForCheckpoint(
  job: ConnectedJob,
  target: ContainerTarget,
): Promise<CheckpointAnswer> {
  const started = performance.now();
  const name = `${target.namespace}/${target.pod}/${target.container}`;
  const tell = (): void =>
    job.progress.say(
      `${name}: the kubelet writes the checkpoint  ${formatDuration(performance.now() - started)}`,
    );
  tell();
  const clock = setInterval(tell, 200);
  try {
    return await job.client.checkpoint(target, job);
  } catch (error) {
    if (error instanceof TimedOutError || error instanceof CutError || error instanceof InterruptedError) {
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
    job.progress.clear();
  }
}
