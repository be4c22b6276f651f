import { DeniedError, UnsafeError } from '../../base/errors.js';
import { formatSize } from '../../base/units.js';
import type { PodInfo } from '../../kubelet/pods.js';
import { estimateFreeze, formatSpan } from '../../node/freeze.js';
import { describeLimit, describeRisk } from '../../node/probe-words.js';
import { kills, probesAtRisk, probesConcerned } from '../../node/probes.js';
import type { RunningContainer } from '../../node/running-container.js';
import type { Plan } from './containers.js';
import type { CaptureJob, ContainerTarget } from './job.js';

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
): Promise<readonly string[]> {
  const name = nameOf(target);
  const known = pod ?? (podUnknown === undefined ? undefined : await staticPod(job, target));
  if (known === undefined) {
    if (podUnknown === undefined) return [];
    const doubt = await unknownProbes(job, target, podUnknown.message);
    // whatever else was in the way is likely to be in the way of the checkpoint too, and tells itself then
    return podUnknown instanceof DeniedError ? noted(job, doubt) : [doubt];
  }
  // one that is not there, or has ended, the kubelet refuses by itself
  if (!known.containers.some((one) => one.name === target.container && one.state !== 'terminated')) return [];
  const now = new Date();
  const limits = probesConcerned(known, target.container, now);
  if (limits.length === 0) return [];
  const memory = await memoryOf(job, target, known);
  if (memory === undefined) {
    const told = limits.filter(kills).map(describeLimit);
    if (told.length === 0) return [];
    const why = `how long ${name} will be frozen cannot be told: its processes are not to be seen from here`;
    return noted(job, `${why}. ${told.join('; ')}`);
  }
  const estimate = estimateFreeze(memory.size, memory.runtime);
  const risks = probesAtRisk(known, target.container, estimate, now);
  const fatal = risks.filter(kills);
  if (fatal.length > 0 && !job.yes) {
    const [first] = fatal;
    throw new UnsafeError(
      `not done: ${formatSize(memory.size)} of memory freeze ${name} for ${formatSpan(estimate.frozen)}, and the kubelet kills ${first?.container ?? ''} when a probe fails`,
      {
        remedy: '--yes captures all the same: the container, and perhaps its checkpoint, can be lost',
        more: fatal.map(describeRisk),
      },
    );
  }
  return risks.flatMap((risk) => noted(job, describeRisk(risk)));
}

function nameOf({ namespace, pod, container }: ContainerTarget): string {
  return `${namespace}/${pod}/${container}`;
}

function noted(job: CaptureJob, line: string): readonly string[] {
  job.note(line);
  return [line];
}

async function unknownProbes(job: CaptureJob, target: ContainerTarget, why: string): Promise<string> {
  const memory = await memoryOf(job, target, undefined);
  const freeze =
    memory === undefined
      ? ''
      : `; ${formatSize(memory.size)} of memory freeze it for ${formatSpan(estimateFreeze(memory.size, memory.runtime).frozen)}`;
  return `whether a probe of ${nameOf(target)} fails while it is frozen cannot be told: ${why}${freeze}`;
}

/** Loaded only when it is needed: the node layer is large. */
async function staticPod(job: CaptureJob, target: ContainerTarget): Promise<PodInfo | undefined> {
  const { HostRoot } = await import('../../node/host/root.js');
  const { loadKubeletConfig } = await import('../../node/config/kubelet.js');
  const { findStaticPod } = await import('../../node/static-pods.js');
  const host = await HostRoot.open(job.hostRoot);
  return findStaticPod(host, await loadKubeletConfig(host), target);
}

/** Bytes that the dump will write; undefined when no process of the container is to be seen. */
async function memoryOf(
  job: CaptureJob,
  target: ContainerTarget,
  pod: PodInfo | undefined,
): Promise<{ readonly size: number; readonly runtime: RunningContainer['runtime'] } | undefined> {
  const { HostRoot } = await import('../../node/host/root.js');
  const { containerMemory, containerPids } = await import('../../node/facts/container-memory.js');
  const { containerOfPod, containerOfRuntime } = await import('../../node/running-container.js');
  const host = await HostRoot.open(job.hostRoot);
  const found =
    (pod === undefined ? undefined : containerOfPod(pod, target.container)) ??
    (await containerOfRuntime(host, target));
  const pids = found === undefined ? [] : await containerPids(host, found.id);
  if (found === undefined || pids.length === 0) return undefined;
  return { size: (await containerMemory(host, pids)).size, runtime: found.runtime };
}
