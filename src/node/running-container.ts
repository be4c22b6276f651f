import type { ContainerInfo, PodInfo } from '../kubelet/pods.js';
import { loadKubeletConfig } from './config/kubelet.js';
import { NoAnswer } from './cri/client.js';
import { findContainer } from './cri/runtime.js';
import { readRuntime } from './facts/runtime.js';
import type { RuntimeKind } from './facts/runtime-settings.js';
import { containerPids } from './freezer/containers.js';
import type { HostRoot } from './host/root.js';

/** A container as the node knows it. */
export interface RunningContainer {
  /** The runtime's ID, without its scheme. */
  readonly id: string;
  readonly runtime: RuntimeKind;
}

interface Wanted {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

/** `containerd://3d13...` of the pod's status; undefined where it does not tell. */
export function containerOfPod(pod: PodInfo, container: string): RunningContainer | undefined {
  const id = pod.containers.find(({ name }) => name === container)?.containerID;
  const [, scheme, rest] = /^([a-z-]+):\/\/(.+)$/.exec(id ?? '') ?? [];
  if (scheme === undefined || rest === undefined) return undefined;
  return { id: rest, runtime: scheme === 'containerd' || scheme === 'cri-o' ? scheme : 'unknown' };
}

/**
 * The pod as its processes show it: a container that they are here of runs, whatever its status says, which may be old;
 * and then that does not tell either whether it has started.
 */
export async function asItRuns(host: HostRoot, pod: PodInfo): Promise<PodInfo> {
  const containers: ContainerInfo[] = [];
  for (const one of pod.containers) {
    const ended = one.state === 'waiting' || one.state === 'terminated';
    const id = ended ? containerOfPod(pod, one.name)?.id : undefined;
    const runs = id !== undefined && (await containerPids(host, id)).length > 0;
    containers.push(runs ? { ...one, state: 'running', started: null } : one);
  }
  return { ...pod, containers };
}

/** Asks the CRI runtime, for those who may not ask for pods; undefined when it has no such container, or is silent. */
export async function containerOfRuntime(
  host: HostRoot,
  wanted: Wanted,
): Promise<RunningContainer | undefined> {
  const configuration = await loadKubeletConfig(host);
  const runtime = await readRuntime(host, configuration, undefined, { probe: false });
  const socket = await host.real(runtime.socket);
  if (runtime.answer === undefined || !socket.ok) return undefined;
  try {
    const found = await findContainer(socket.value, wanted);
    return found === undefined ? undefined : { id: found.id, runtime: runtime.kind };
  } catch (error) {
    if (error instanceof NoAnswer || error instanceof RangeError) return undefined;
    throw error;
  }
}
