import type { ContainerInfo, PodInfo } from '../kubelet/pods.js';
import type { Probe } from '../kubelet/probes.js';
import type { FreezeEstimate, Span } from './freeze.js';

/** A probe, and what a freeze does to it. */
export interface ProbeLimit {
  readonly container: string;
  readonly probe: Probe;
  /** The shortest freeze, in milliseconds, after which the kubelet can take it for failed. */
  readonly allowed: number;
  /** Seconds between SIGTERM and SIGKILL. */
  readonly grace: number;
}

/** A probe that the estimate passes. */
export interface ProbeAtRisk extends ProbeLimit {
  /** How long it gets no answer. */
  readonly silent: Span;
  /** The container's own, or that of another one of the pod, which cannot be reached while CRIU locks the network. */
  readonly why: 'frozen' | 'network locked';
}

const GRACE_DEFAULT = 30;

/**
 * The shortest time without an answer, in milliseconds, after which the kubelet can take a probe for failed: the
 * first of `failureThreshold` probes starts just when the container freezes, the others each a period later (at once
 * where one takes longer than that), and the last one's timeout ends (pkg/kubelet/prober/worker.go). The container is
 * taken to have been well until then: one whose probes were failing already, or that was slow to answer one under
 * way, is given up sooner. All kinds of probes count alike. An HTTP request waits in vain; the network is locked while
 * CRIU works, so that not even a TCP handshake is answered; and a runtime that refuses to exec into a paused container
 * at once, of which the kubelet takes no notice, is not to be relied upon.
 *
 * @param now - within `initialDelaySeconds` of the container's start, nothing is asked yet
 */
export function probeAllowance(probe: Probe, startedAt: string | null, now: Date): number {
  const { failureThreshold, periodSeconds, timeoutSeconds, initialDelaySeconds } = probe;
  const started = startedAt === null ? Number.NaN : new Date(startedAt).getTime();
  const delay = started + initialDelaySeconds * 1000 - now.getTime();
  const interval = Math.max(periodSeconds, timeoutSeconds);
  return ((failureThreshold - 1) * interval + timeoutSeconds) * 1000 + (delay > 0 ? delay : 0);
}

/**
 * The probes that the kubelet makes of a running container. Until its startup probe has succeeded it is the only
 * one, afterwards it is none; where the status does not tell, all of them count.
 */
export function probesInForce(pod: PodInfo, container: ContainerInfo, now: Date): readonly ProbeLimit[] {
  if (container.state !== 'running' && container.state !== 'unknown') return [];
  return container.probes
    .filter(({ role }) => container.started === null || (role === 'startup') !== container.started)
    .map((probe) => ({
      container: container.name,
      probe,
      allowed: probeAllowance(probe, container.startedAt, now),
      grace: probe.terminationGracePeriodSeconds ?? pod.terminationGracePeriodSeconds ?? GRACE_DEFAULT,
    }));
}

/** Every probe of a pod that can be affected when a container of it is checkpointed. */
export function probesConcerned(pod: PodInfo, container: string, now: Date): readonly ProbeLimit[] {
  return pod.containers.flatMap((one) =>
    probesInForce(pod, one, now).filter(({ probe }) => one.name === container || probe.how !== 'exec'),
  );
}

/** The probes that a checkpoint of a container may fail: its own, and those of the pod that need the network. */
export function probesAtRisk(
  pod: PodInfo,
  container: string,
  estimate: FreezeEstimate,
  now: Date,
): readonly ProbeAtRisk[] {
  return probesConcerned(pod, container, now).flatMap((limit) => {
    const own = limit.container === container;
    const silent = own ? estimate.frozen : estimate.criu;
    if (silent.to < limit.allowed) return [];
    return [{ ...limit, silent, why: own ? ('frozen' as const) : ('network locked' as const) }];
  });
}

/** Whether the kubelet ends the container when this probe fails; a readiness probe only takes it out of service. */
export function kills({ probe }: ProbeLimit): boolean {
  return probe.role !== 'readiness';
}
