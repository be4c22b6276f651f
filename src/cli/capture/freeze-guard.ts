import { DeniedError, UnsafeError } from '../../base/errors.js';
import type { PodInfo } from '../../kubelet/pods.js';
import { type DumpLoad, describeLoad } from '../../node/facts/dump-load.js';
import type { RuntimeKind } from '../../node/facts/runtime-settings.js';
import { estimateFreeze, formatSpan } from '../../node/freeze.js';
import { describeLimit, describeRisk } from '../../node/probe-words.js';
import { kills, probesAtRisk, probesConcerned } from '../../node/probes.js';
import type { Plan } from './containers.js';
import type { CaptureJob, ContainerTarget } from './job.js';
import { nameOf } from './workload/words.js';

/** What is known of the container on the node. */
export interface Workload {
  /** undefined when no process of it is to be seen. */
  readonly load: DumpLoad | undefined;
  readonly engine: RuntimeKind;
}

/**
 * Refuses a checkpoint that would freeze the container longer than a probe allows: the kubelet would kill it, and the
 * evidence with it. What cannot be told (the pod may not be asked for, the processes are not to be seen) is noted and
 * not refused, for that is no reason to leave an attack uncaptured.
 *
 * @returns what the receipt should warn of
 * @throws UnsafeError with the figures, unless the job says yes to it
 */
export async function guardFreeze(
  job: CaptureJob,
  target: ContainerTarget,
  { pod, podUnknown }: Pick<Plan, 'pod' | 'podUnknown'>,
  { load, engine }: Workload,
): Promise<readonly string[]> {
  const name = nameOf(target);
  const estimate = load && estimateFreeze(load, engine);
  const known = pod ?? (podUnknown === undefined ? undefined : await staticPod(job, target));
  if (known === undefined) {
    if (podUnknown === undefined) return [];
    const freeze =
      load && estimate ? `; ${describeLoad(load)} freeze it for ${formatSpan(estimate.frozen)}` : '';
    const doubt = `whether a probe of ${name} fails while it is frozen cannot be told: ${podUnknown.message}${freeze}`;
    // whatever else was in the way is likely to be in the way of the checkpoint too, and tells itself then
    return podUnknown instanceof DeniedError ? noted(job, doubt) : [doubt];
  }
  const running = await asItRuns(job, known);
  // one that is not there, or has ended, the kubelet refuses by itself
  if (!running.containers.some((one) => one.name === target.container && one.state !== 'terminated'))
    return [];
  const now = new Date();
  const what = { container: target.container, engine };
  const deadly = probesConcerned(running, what, now).filter(kills);
  const told = deadly.map(describeLimit).join('; ');
  if (load === undefined || estimate === undefined) {
    if (deadly.length === 0) return [];
    const why = `how long ${name} will be frozen cannot be told: its processes are not to be seen from here`;
    return noted(job, `${why}. ${told}`);
  }
  const risks = probesAtRisk(running, what, estimate, now);
  const fatal = risks.filter(kills);
  if (fatal.length > 0 && !job.yes) {
    const [first] = fatal;
    throw new UnsafeError(
      `not done: ${describeLoad(load)} freeze ${name} for ${formatSpan(estimate.frozen)}, and the kubelet kills ${first?.container ?? ''} when a probe fails`,
      {
        remedy: '--yes captures all the same: the container, and perhaps its checkpoint, can be lost',
        more: fatal.map(describeRisk),
      },
    );
  }
  const { missing } = load.changed;
  const more =
    missing === null || deadly.length === 0 || fatal.length > 0
      ? []
      : [
          `${name} may be frozen for longer than ${formatSpan(estimate.frozen)}: what changed in its root file system is copied meanwhile, and not all of it was counted: ${missing}. ${told}`,
        ];
  return [...risks.map(describeRisk), ...more].flatMap((line) => noted(job, line));
}

function noted(job: CaptureJob, line: string): readonly string[] {
  job.note(line);
  return [line];
}

/** Loaded only when it is needed: the node layer is large. */
async function staticPod(job: CaptureJob, target: ContainerTarget): Promise<PodInfo | undefined> {
  const { HostRoot } = await import('../../node/host/root.js');
  const { loadKubeletConfig } = await import('../../node/config/kubelet.js');
  const { findStaticPod } = await import('../../node/static-pods.js');
  const host = await HostRoot.open(job.hostRoot);
  return findStaticPod(host, await loadKubeletConfig(host), target);
}

async function asItRuns(job: CaptureJob, pod: PodInfo): Promise<PodInfo> {
  const { HostRoot } = await import('../../node/host/root.js');
  const running = await import('../../node/running-container.js');
  return running.asItRuns(await HostRoot.open(job.hostRoot), pod);
}
