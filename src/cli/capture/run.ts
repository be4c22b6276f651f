import { InterruptedError, NotFoundError } from '../../base/errors.js';
import { CheckpointDirectory } from '../../kubelet/checkpoint-dir.js';
import { KubeletClient } from '../../kubelet/client.js';
import { captureContainer } from './container.js';
import { type Plan, planCapture } from './containers.js';
import { type CaptureFacts, gatherFacts } from './facts.js';
import type { CaptureJob } from './job.js';
import { lookAfterCapture } from './leftovers.js';
import { gatherNodeContext, type NodeContext } from './node-context.js';
import type { CapturedArchive, CaptureFailure, CaptureReport } from './report.js';
import { runtimeRequestTimeout } from './runtime-timeout.js';
import type { WorkloadReport } from './workload/report.js';
import { frozenError } from './workload/words.js';

/**
 * Runs a capture from the first question to the last removed original. A container that fails does not keep the
 * others from being captured; what failed is in the report.
 *
 * @throws whatever keeps it from asking for a checkpoint at all
 */
export async function runCapture(job: CaptureJob): Promise<CaptureReport> {
  const startedAt = new Date();
  const connected = KubeletClient.connect(job.endpoint);
  try {
    const plan = await planCapture(job, connected);
    const directory = await openDirectory(job, plan);
    try {
      const timeout = await runtimeRequestTimeout(job, plan.client);
      const connectedJob = { ...job, client: plan.client, runtimeRequestTimeout: timeout };
      const fates = await captureEach(connectedJob, plan, directory);
      const { connection, credentials, trust } = job.endpoint;
      const endpoint = connection.url.origin;
      const leftovers = await lookAfterCapture(job, plan.targets, fates.captured, startedAt);
      return { endpoint, credentials, trust, startedAt, finishedAt: new Date(), ...fates, leftovers };
    } finally {
      await directory.close();
    }
  } finally {
    job.progress.clear();
    await connected.close();
  }
}

async function captureEach(
  job: Parameters<typeof captureContainer>[0],
  plan: Plan,
  directory: CheckpointDirectory,
): Promise<Pick<CaptureReport, 'captured' | 'failures' | 'workloads'>> {
  const captured: CapturedArchive[] = [];
  const failures: CaptureFailure[] = [];
  const workloads: WorkloadReport[] = [];
  const context = job.nodeContext ? gatherNodeContext(job) : undefined;
  for (const target of plan.targets) {
    // asked while the kubelet works: once the pod is gone, nobody knows it any more
    const facts = withContext(gatherFacts(job.client, target, plan, job.signal), context);
    const result = await captureContainer(job, target, directory, plan, facts);
    captured.push(...result.captured);
    if (result.error) failures.push({ target, error: result.error });
    if (result.workload) workloads.push(result.workload);
    // last, and so nearest to the prompt: it is what somebody has to do something about now
    const frozen = result.workload && frozenError(result.workload, result.error);
    if (frozen) failures.push({ target, error: frozen });
    if (result.error instanceof InterruptedError) break;
  }
  return { captured, failures, workloads };
}

/** What `coldcase node` knows is the same for all containers, and gathered once. */
async function withContext(
  facts: Promise<CaptureFacts>,
  context: Promise<NodeContext> | undefined,
): Promise<CaptureFacts> {
  const { node, ...rest } = await facts;
  return { ...rest, node: { ...node, ...(context === undefined ? {} : { context: await context }) } };
}

/**
 * Opened before the kubelet is asked: what it writes must be ours to take away. Where the directory is missing, the
 * likeliest reason is that the kubelet has no checkpoint call at all, which it is asked about first.
 */
async function openDirectory(job: CaptureJob, plan: Plan): Promise<CheckpointDirectory> {
  try {
    return await CheckpointDirectory.open(job.checkpointDir, job.hostRoot);
  } catch (error) {
    if (error instanceof NotFoundError) await plan.client.probeCheckpoints(plan.targets[0], job.signal);
    throw error;
  }
}
