import type { ContainerInfo, PodInfo } from '../kubelet/pods.js';
import type { Probe } from '../kubelet/probes.js';
import type { RuntimeKind } from './facts/runtime-settings.js';
import type { FreezeEstimate, Span } from './freeze.js';

/** A probe, and what a freeze does to it. */
export interface ProbeLimit {
  readonly container: string;
  readonly probe: Probe;
  /** The shortest silence, in milliseconds, after which the kubelet can take it for failed. */
  readonly allowed: number;
  /** Seconds between SIGTERM and SIGKILL. */
  readonly grace: number;
  readonly why: Silence;
}

/**
 * Why a probe gets no answer: what is asked is frozen; it cannot be reached while CRIU locks the pod's network; or it
 * listens without accepting, so that it gets none only when its queue is full.
 */
export type Silence = 'frozen' | 'network locked' | 'not accepting';

/** A probe that the estimate passes. */
export interface ProbeAtRisk extends ProbeLimit {
  /** How long it gets no answer. */
  readonly silent: Span;
}

/** What is checkpointed. */
export interface Checkpointed {
  readonly container: string;
  readonly engine: RuntimeKind;
}

const GRACE_DEFAULT = 30;

/**
 * The shortest time without an answer, in milliseconds, after which the kubelet can take a probe for failed: the
 * first of `failureThreshold` probes starts just when the container freezes, the others each a period later (at once
 * where one takes longer than that), and the last one's timeout ends (pkg/kubelet/prober/worker.go). The container is
 * taken to have been well until then: one whose probes were failing already, or that was slow to answer one under
 * way, is given up sooner.
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
 * Why a probe gets no answer while a container of its pod is checkpointed; undefined when it gets one, or when the
 * kubelet takes no notice. As seen on kubelet 1.36 with containerd 2.1.9:
 *
 * - HTTP and gRPC wait in vain as long as the container is frozen.
 * - A TCP connection is made by the kernel, which answers for a listener that is frozen, until its queue is full. The
 *   locked network stops it, as it does what is asked of the other containers of the pod; CRIU locks no network that is
 *   the node's.
 * - containerd refuses to exec into a paused container (`cannot exec in a paused state`), which the kubelet throws away
 *   (pkg/kubelet/prober/worker.go). One that had begun is frozen with the container, and can fail once.
 */
function silenceOf(
  pod: PodInfo,
  { name }: ContainerInfo,
  probe: Probe,
  what: Checkpointed,
): Silence | undefined {
  const own = name === what.container;
  const locked = pod.hostNetwork ? undefined : 'network locked';
  if (probe.how === 'exec') {
    if (!own) return undefined;
    return what.engine === 'containerd' && probe.failureThreshold > 1 ? undefined : 'frozen';
  }
  if (!own) return locked;
  return probe.how === 'tcpSocket' ? (locked ?? 'not accepting') : 'frozen';
}

/**
 * The probes that the kubelet makes of a running container. Until its startup probe has succeeded it is the only
 * one, afterwards it is none; where the status does not tell, all of them count.
 */
function probesInForce({ state, probes, started }: ContainerInfo): readonly Probe[] {
  if (state !== 'running' && state !== 'unknown') return [];
  return probes.filter(({ role }) => started === null || (role === 'startup') !== started);
}

/** Every probe of a pod that can be affected when a container of it is checkpointed. */
export function probesConcerned(pod: PodInfo, what: Checkpointed, now: Date): readonly ProbeLimit[] {
  return pod.containers.flatMap((one) =>
    probesInForce(one).flatMap((probe) => {
      const why = silenceOf(pod, one, probe, what);
      if (why === undefined) return [];
      const grace = probe.terminationGracePeriodSeconds ?? pod.terminationGracePeriodSeconds ?? GRACE_DEFAULT;
      return [{ container: one.name, probe, allowed: probeAllowance(probe, one.startedAt, now), grace, why }];
    }),
  );
}

/** The probes that a checkpoint of a container may fail. */
export function probesAtRisk(
  pod: PodInfo,
  what: Checkpointed,
  estimate: FreezeEstimate,
  now: Date,
): readonly ProbeAtRisk[] {
  return probesConcerned(pod, what, now).flatMap((limit) => {
    const locked = limit.why === 'network locked';
    const silent = locked ? estimate.criu : estimate.frozen;
    if (silent.to >= limit.allowed) return [{ ...limit, silent }];
    const listens = locked && limit.container === what.container;
    if (!listens || estimate.frozen.to < limit.allowed) return [];
    return [{ ...limit, silent: estimate.frozen, why: 'not accepting' as const }];
  });
}

/**
 * Whether a freeze is likely to make the kubelet end the container. A readiness probe only takes it out of service, and
 * whether a queue fills nobody knows.
 */
export function kills({ probe, why }: ProbeLimit): boolean {
  return probe.role !== 'readiness' && why !== 'not accepting';
}
