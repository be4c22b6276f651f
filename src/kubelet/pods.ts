import { FailedError } from '../base/errors.js';
import type { JsonValue } from '../base/json.js';
import { field, flag, integer, isList, list, object, text, texts } from '../base/json-fields.js';
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
export function parsePods(answer: JsonValue, where: string): readonly PodInfo[] {
  const items = field(answer, 'items');
  if (!isList(items) && items !== null) {
    throw new FailedError(`${where} answered something that is no list of pods`);
  }
  return list(items)
    .slice(0, MOST_PODS)
    .map(parsePod)
    .filter((pod) => pod !== undefined);
}

/** A v1.Pod; undefined when its names are none. */
export function parsePod(value: JsonValue): PodInfo | undefined {
  const [metadata, spec, status] = [
    object(value, 'metadata'),
    object(value, 'spec'),
    object(value, 'status'),
  ];
  const [namespace, name] = [text(metadata, 'namespace'), text(metadata, 'name')];
  if (namespace === undefined || name === undefined || !isLabel(namespace) || !isSubdomain(name))
    return undefined;
  return {
    namespace,
    name,
    uid: text(metadata, 'uid') ?? null,
    staticUid: texts(metadata, 'annotations')['kubernetes.io/config.mirror'] ?? null,
    nodeName: text(spec, 'nodeName') ?? null,
    labels: texts(metadata, 'labels'),
    owners: list(metadata, 'ownerReferences').map((owner) => ({
      kind: text(owner, 'kind') ?? '',
      name: text(owner, 'name') ?? '',
    })),
    serviceAccount: text(spec, 'serviceAccountName') ?? null,
    hostNetwork: spec['hostNetwork'] === true,
    hostIP: text(status, 'hostIP') ?? null,
    podIPs: list(status, 'podIPs').map((ip) => text(ip, 'ip') ?? ''),
    startTime: text(status, 'startTime') ?? null,
    terminationGracePeriodSeconds: integer(spec, 'terminationGracePeriodSeconds') ?? null,
    volumes: parseVolumes(spec['volumes']),
    containers: [
      ...containers('init', spec['initContainers'], status['initContainerStatuses']),
      ...containers('container', spec['containers'], status['containerStatuses']),
      ...containers('ephemeral', spec['ephemeralContainers'], status['ephemeralContainerStatuses']),
    ],
  };
}

function containers(
  kind: ContainerInfo['kind'],
  specs: JsonValue | undefined,
  statuses: JsonValue | undefined,
): ContainerInfo[] {
  const byName = new Map(list(statuses).map((one) => [text(one, 'name'), object(one)]));
  return list(specs).flatMap((one) => {
    const name = text(one, 'name');
    if (name === undefined || !isLabel(name)) return [];
    const status = byName.get(name) ?? {};
    const state = object(status, 'state');
    const running = object(state, 'running');
    return [
      {
        name,
        kind,
        state: (['running', 'waiting', 'terminated'] as const).find((key) => key in state) ?? 'unknown',
        image: text(status, 'image') ?? text(one, 'image') ?? null,
        imageID: text(status, 'imageID') || null,
        containerID: text(status, 'containerID') || null,
        restartCount: integer(status, 'restartCount') ?? null,
        startedAt: text(running, 'startedAt') ?? null,
        started: flag(status, 'started') ?? null,
        probes: parseProbes(object(one)),
        volumeMounts: parseVolumeMounts(field(one, 'volumeMounts')),
        volumeDevices: parseVolumeMounts(field(one, 'volumeDevices'), 'devicePath'),
      },
    ];
  });
}
