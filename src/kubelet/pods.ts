import { FailedError } from '../base/errors.js';
import { fields, integer, list, text, texts } from './json.js';
import { isLabel, isSubdomain } from './names.js';
import { type Probe, parseProbes } from './probes.js';
import { parseVolumeMounts, parseVolumes, type Volume, type VolumeMount } from './volumes.js';

/** A container of a pod, as the pod's status tells. All text is untrusted. */
export interface ContainerInfo {
  readonly name: string;
  readonly kind: 'init' | 'container' | 'ephemeral';
  readonly state: 'running' | 'waiting' | 'terminated' | 'unknown';
  readonly image: string | null;
  readonly imageID: string | null;
  /** `containerd://3d13...`: the scheme tells the runtime. */
  readonly containerID: string | null;
  readonly restartCount: number | null;
  /** RFC 3339, while it runs. */
  readonly startedAt: string | null;
  /** Whether its startup probe has succeeded, or it has none; null where the status does not tell. */
  readonly started: boolean | null;
  readonly probes: readonly Probe[];
  readonly volumeMounts: readonly VolumeMount[];
  /** Raw volumes. */
  readonly volumeDevices: readonly VolumeMount[];
}

/** What is asked about a pod; its annotations and environment are left out on purpose. */
export interface PodInfo {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string | null;
  /**
   * Of a mirror pod: the UID that the kubelet gave the static pod, which its directories have. Only what marks a mirror
   * tells it (`config.mirror`), for that nobody may add to a pod that is there, and a kubelet runs none that has it;
   * any owner of a pod may give it a `config.hash`.
   */
  readonly staticUid: string | null;
  readonly nodeName: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly owners: readonly { readonly kind: string; readonly name: string }[];
  readonly serviceAccount: string | null;
  /** Whether its network is the node's. */
  readonly hostNetwork: boolean;
  readonly hostIP: string | null;
  readonly podIPs: readonly string[];
  readonly startTime: string | null;
  /** Between SIGTERM and SIGKILL. */
  readonly terminationGracePeriodSeconds: number | null;
  readonly volumes: readonly Volume[];
  readonly containers: readonly ContainerInfo[];
}

const MOST_PODS = 10_000;

/** @throws FailedError when the answer is no v1.PodList */
export function parsePods(answer: unknown, where: string): readonly PodInfo[] {
  const { items } = fields(answer);
  if (!Array.isArray(items) && items !== null) {
    throw new FailedError(`${where} answered something that is no list of pods`);
  }
  return list(items)
    .slice(0, MOST_PODS)
    .map(parsePod)
    .filter((pod) => pod !== undefined);
}

/** A v1.Pod; undefined when its names are none. */
export function parsePod(value: unknown): PodInfo | undefined {
  const { metadata: rawMetadata, spec: rawSpec, status: rawStatus } = fields(value);
  const [metadata, spec, status] = [fields(rawMetadata), fields(rawSpec), fields(rawStatus)];
  const [namespace, name] = [text(metadata['namespace']), text(metadata['name'])];
  if (namespace === undefined || name === undefined || !isLabel(namespace) || !isSubdomain(name))
    return undefined;
  return {
    namespace,
    name,
    uid: text(metadata['uid']) ?? null,
    staticUid: texts(metadata['annotations'])['kubernetes.io/config.mirror'] ?? null,
    nodeName: text(spec['nodeName']) ?? null,
    labels: texts(metadata['labels']),
    owners: list(metadata['ownerReferences']).map((owner) => ({
      kind: text(fields(owner)['kind']) ?? '',
      name: text(fields(owner)['name']) ?? '',
    })),
    serviceAccount: text(spec['serviceAccountName']) ?? null,
    hostNetwork: spec['hostNetwork'] === true,
    hostIP: text(status['hostIP']) ?? null,
    podIPs: list(status['podIPs']).map((ip) => text(fields(ip)['ip']) ?? ''),
    startTime: text(status['startTime']) ?? null,
    terminationGracePeriodSeconds: integer(spec['terminationGracePeriodSeconds']) ?? null,
    volumes: parseVolumes(spec['volumes']),
    containers: [
      ...containers('init', spec['initContainers'], status['initContainerStatuses']),
      ...containers('container', spec['containers'], status['containerStatuses']),
      ...containers('ephemeral', spec['ephemeralContainers'], status['ephemeralContainerStatuses']),
    ],
  };
}

function containers(kind: ContainerInfo['kind'], specs: unknown, statuses: unknown): ContainerInfo[] {
  const byName = new Map(list(statuses).map((one) => [text(fields(one)['name']), fields(one)]));
  return list(specs).flatMap((one) => {
    const name = text(fields(one)['name']);
    if (name === undefined || !isLabel(name)) return [];
    const status = byName.get(name) ?? {};
    const state = fields(status['state']);
    const running = fields(state['running']);
    return [
      {
        name,
        kind,
        state: (['running', 'waiting', 'terminated'] as const).find((key) => key in state) ?? 'unknown',
        image: text(status['image']) ?? text(fields(one)['image']) ?? null,
        imageID: text(status['imageID']) || null,
        containerID: text(status['containerID']) || null,
        restartCount: integer(status['restartCount']) ?? null,
        startedAt: text(running['startedAt']) ?? null,
        started: typeof status['started'] === 'boolean' ? status['started'] : null,
        probes: parseProbes(fields(one)),
        volumeMounts: parseVolumeMounts(fields(one)['volumeMounts']),
        volumeDevices: parseVolumeMounts(fields(one)['volumeDevices'], 'devicePath'),
      },
    ];
  });
}
