import { ColdcaseError, ExitCode, InterruptedError } from '../../base/errors.js';
import { formatDuration } from '../../base/units.js';
import { type CheckpointTimes, checkpointTimes } from '../../kubelet/checkpoint-times.js';
import type { CheckpointAnswer } from '../../kubelet/client.js';
import { CutError, TimedOutError } from '../../kubelet/connection-errors.js';
import { askForCheckpoint } from './ask.js';
import type { Plan } from './containers.js';
import { guardFreeze } from './freeze-guard.js';
import type { ConnectedJob, ContainerTarget } from './job.js';
import type { WorkloadReport } from './workload/report.js';
import { type Ending, WorkloadWatch } from './workload/watch.js';
import { nameOf, tellFate } from './workload/words.js';

/** A checkpoint that was asked for: what came of it, and what it did to the workload. */
export interface AskedCheckpoint {
  readonly times: CheckpointTimes;
  readonly startedAt: Date;
  readonly finishedAt: Date;
  /** What the receipt should warn of. */
  readonly warnings: readonly string[];
  readonly result:
    | { readonly ok: true; readonly answer: CheckpointAnswer }
    | { readonly ok: false; readonly error: unknown };
  readonly workload: WorkloadReport;
  /** Looks once more, when the archive is sealed: some processes end a moment after they were checkpointed. */
  lookAgain(): Promise<WorkloadReport>;
}

/**
 * Asks for the checkpoint of one container, with its workload looked at before, meanwhile and afterwards, whatever
 * comes of it.
 *
 * @throws UnsafeError when it would cost the container, FailedError when another is made and does not end, both before
 *   anything is asked
 */
export async function takeCheckpoint(
  job: ConnectedJob,
  target: ContainerTarget,
  plan: Plan,
): Promise<AskedCheckpoint> {
  const patience = patienceOf(job);
  const first = await WorkloadWatch.begin(job, target, plan);
  const watch = (await first.waitForOthers(patience)) ? await WorkloadWatch.begin(job, target, plan) : first;
  await watch.tellFrozen();
  const times = checkpointTimes(job.times, watch.size, job.runtimeRequestTimeout);
  const warnings = await guardFreeze(job, target, plan, watch);
  if (times.givesUpFirst) {
    job.note(
      `${nameOf(target)}: this gives up after ${formatDuration(times.requestTimeout)}, but the kubelet only after ${formatDuration(times.kubeletLimit)}: the container may then be frozen still`,
    );
  }
  const startedAt = new Date();
  const result = await askForCheckpoint(job, target, times, watch).then(
    (answer) => ({ ok: true, answer }) as const,
    (error: unknown) => ({ ok: false, error }) as const,
  );
  const finishedAt = new Date();
  const workload = await watch.end(result.ok ? 'made' : endingOf(result.error));
  job.progress.clear();
  if (!result.ok) tellFate(result.error, workload, times.kubeletLimit);
  const lookAgain = () => watch.lookAgain(workload);
  return { times, startedAt, finishedAt, warnings, result, workload, lookAgain };
}

/** How long another checkpoint of the container is waited for, in milliseconds: as long as one may take. */
export function patienceOf({ times, runtimeRequestTimeout }: ConnectedJob): number {
  return checkpointTimes(times, undefined, runtimeRequestTimeout).requestTimeout;
}

/** Whether the kubelet has said how it ended; where a connection breaks it may go on, as it does when nobody waits. */
function endingOf(error: unknown): Ending {
  if (error instanceof TimedOutError || error instanceof CutError || error instanceof InterruptedError) {
    return 'not waited for';
  }
  const begun = !(error instanceof ColdcaseError) || error.exitCode === ExitCode.failed;
  return begun ? 'failed' : 'not begun';
}
