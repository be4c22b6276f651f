import { ColdcaseError, FailedError } from '../../base/errors.js';
import { formatSize, formatTime } from '../../base/units.js';
import type { CheckpointDirectory } from '../../kubelet/checkpoint-dir.js';
import type { CheckpointFile } from '../../kubelet/checkpoint-file.js';
import type { CaptureRecord } from '../../seal/capture-record.js';
import { patienceOf, takeCheckpoint } from './checkpoint.js';
import type { Plan } from './containers.js';
import type { CaptureFacts } from './facts.js';
import type { ConnectedJob, ContainerTarget } from './job.js';
import { lockContainer } from './lock.js';
import { leftOnNode } from './not-held.js';
import type { CapturedArchive } from './report.js';
import { sealArchive } from './seal-archive.js';
import { type WorkloadReport, workloadJson } from './workload/report.js';

/** What became of one container: archives that are safe, and why there are no more. */
export interface ContainerResult {
  readonly captured: readonly CapturedArchive[];
  readonly error: ColdcaseError | undefined;
  /** What it did to the workload; undefined when nothing was asked. */
  readonly workload: WorkloadReport | undefined;
}

/**
 * Captures one container: asks, opens every archive that the answer names before any is touched, then seals, proves
 * and removes one after the other.
 */
export async function captureContainer(
  job: ConnectedJob,
  target: ContainerTarget,
  directory: CheckpointDirectory,
  plan: Plan,
  facts: Promise<CaptureFacts>,
): Promise<ContainerResult> {
  const captured: CapturedArchive[] = [];
  const files: CheckpointFile[] = [];
  let workload: WorkloadReport | undefined;
  let unlock = async (): Promise<void> => undefined;
  try {
    // to the end: two archives of one container, made in the same second, have the same name
    unlock = await lockContainer(job, target, patienceOf(job));
    const asked = await takeCheckpoint(job, target, plan);
    workload = asked.workload;
    if (!asked.result.ok) throw asked.result.error;
    const { answer } = asked.result;
    const { startedAt, finishedAt } = asked;
    const record: CaptureRecord = {
      toolVersion: job.toolVersion,
      startedAt: formatTime(startedAt),
      finishedAt: formatTime(finishedAt),
      endpoint: job.endpoint.connection.url.origin,
      ...target,
      request: {
        method: 'POST',
        path: job.client.checkpointPath(target, asked.times.timeout),
        timeoutSeconds: asked.times.timeout,
      },
      answer: { status: answer.status, items: answer.items },
      durations: { checkpoint: finishedAt.getTime() - startedAt.getTime() },
      workload: workloadJson(workload),
      ...(await facts),
    };
    for (const item of answer.items) files.push(await directory.take(item));
    for (const file of files) {
      const left = await leftOnNode(job, file, plan.pod, target.container);
      const full = left.items === undefined ? record : { ...record, notHeld: left.items };
      const sealed = await sealArchive(job, target, file, full, captured.length);
      captured.push({ ...sealed, left, warnings: [...asked.warnings, ...sealed.warnings] });
    }
    workload = await asked.lookAgain();
    return { captured, error: undefined, workload };
  } catch (error) {
    const known = error instanceof ColdcaseError ? error : unexpected(error);
    for (const file of files.slice(captured.length)) {
      known.more.push(`the original is still there, in plaintext: ${file.path} (${formatSize(file.size)})`);
    }
    return { captured, error: known, workload };
  } finally {
    for (const file of files) await file.close();
    await unlock();
  }
}

/** Containers that come after this one are still to be captured, so even a defect is reported and not thrown. */
function unexpected(error: unknown): FailedError {
  const message = error instanceof Error ? error.message : String(error);
  return new FailedError(`unexpected error: ${message}`, {
    remedy: 'this is a defect of coldcase; run again with --debug and report what it prints',
    cause: error,
  });
}
