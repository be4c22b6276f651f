import { setTimeout as wait } from 'node:timers/promises';
import { ColdcaseError } from '../../../base/errors.js';
import type { PodInfo } from '../../../kubelet/pods.js';
import type { RuntimeKind } from '../../../node/facts/runtime-settings.js';
import { isContainerId } from '../../../node/host/cgroup-names.js';
import type { HostRoot } from '../../../node/host/root.js';
import { containerOfPod, containerOfRuntime } from '../../../node/running-container.js';
import type { ConnectedJob, ContainerTarget } from '../job.js';

/** Which container it is, at one moment. */
export interface Identity {
  /** The runtime's ID, without its scheme; null where nobody tells. */
  readonly id: string | null;
  readonly restartCount: number | null;
  readonly runtime: RuntimeKind;
  /** Why the ID is not known. */
  readonly why: string | null;
}

/** By the pod's status, else by the runtime's own word. */
export async function identify(
  host: HostRoot,
  target: ContainerTarget,
  pod: PodInfo | undefined,
  podUnknown: ColdcaseError | undefined,
): Promise<Identity> {
  const info = pod?.containers.find(({ name }) => name === target.container);
  const found =
    (pod === undefined ? undefined : containerOfPod(pod, target.container)) ??
    (await containerOfRuntime(host, target));
  const restartCount = info?.restartCount ?? null;
  if (found !== undefined && isContainerId(found.id)) return { ...found, restartCount, why: null };
  const why =
    found !== undefined
      ? 'what is called its ID is none'
      : `its ID is not known: ${podUnknown?.message ?? 'the pod does not tell it'}, and the runtime's socket does not tell it either`;
  return { id: null, runtime: 'unknown', restartCount, why };
}

const RETRY = 500;

/**
 * The container that runs in the place of another one, once there is one.
 *
 * @param before - the other's ID
 * @param patience - milliseconds
 */
export async function replacementOf(
  { client, signal }: ConnectedJob,
  host: HostRoot,
  target: ContainerTarget,
  before: string,
  patience: number,
): Promise<(Identity & { readonly id: string }) | undefined> {
  for (const until = performance.now() + patience; ; await wait(RETRY)) {
    const asked = await client.pod(target, signal).catch((error: unknown) => {
      if (error instanceof ColdcaseError) return error;
      throw error;
    });
    const { id, ...rest } =
      asked instanceof ColdcaseError
        ? await identify(host, target, undefined, asked)
        : await identify(host, target, asked, undefined);
    if (id !== null && id !== before) return { id, ...rest };
    if (performance.now() >= until || signal.aborted) return undefined;
  }
}
