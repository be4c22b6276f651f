import type { Archive } from '../archive/archive.js';
import { JsonFields } from '../base/json-fields.js';
import { formatTime } from '../base/units.js';
import { readJson, readJsonList } from './engine-metadata.js';
import { type ContainerNetwork, readNetworkStatus } from './network-status.js';
import { type OciSpec, readSpec } from './spec.js';

export type Engine = 'Podman' | 'CRI-O' | 'containerd' | 'unknown';

/** Who and what was checkpointed, from the files that the engine put beside CRIU's images. Text is untrusted. */
export interface ContainerInfo {
  readonly engine: Engine;
  /** Name of the container: in Kubernetes the one in the pod's spec. */
  readonly name: string | undefined;
  readonly id: string | undefined;
  readonly image: string | undefined;
  /** Digest or id of the image. */
  readonly imageId: string | undefined;
  /** OCI runtime: `crun`, `runc`, `io.containerd.runc.v2`. */
  readonly runtime: string | undefined;
  readonly namespace: string | undefined;
  readonly pod: string | undefined;
  readonly podUid: string | undefined;
  readonly sandboxId: string | undefined;
  /** How many times the kubelet has restarted the container. */
  readonly attempt: number | undefined;
  /** Times in ISO 8601, UTC, whole seconds. */
  readonly created: string | undefined;
  readonly started: string | undefined;
  readonly checkpointed: string | undefined;
  /** `engine`: the engine recorded it; `images`: the time at which CRIU wrote inventory.img, for Podman records none. */
  readonly checkpointedFrom: 'engine' | 'images' | undefined;
  /** The command that made the container, where Podman recorded it. */
  readonly createCommand: readonly string[];
  readonly logPath: string | undefined;
  readonly hostname: string | undefined;
  /** PID of the container's first process on the node. */
  readonly hostPid: number | undefined;
  readonly annotations: ReadonlyMap<string, string>;
  readonly labels: ReadonlyMap<string, string>;
  readonly networks: readonly ContainerNetwork[];
  /** Addresses of the container, as the engine recorded them. */
  readonly addresses: readonly string[];
  readonly macs: readonly string[];
  readonly spec: OciSpec | undefined;
  /** Paths that the container deleted from its image. */
  readonly deletedFiles: readonly string[];
  readonly bindMounts: readonly BindMount[];
}

/** A bind mount that CRI-O recreates on restore. */
export interface BindMount {
  readonly source: string;
  readonly destination: string;
  readonly type: string;
}

/** Reads the engine's files. An archive with none of them is one too: then all is undefined or empty. */
export async function readContainer(
  archive: Archive,
  inventoryTime: number | undefined,
): Promise<ContainerInfo> {
  const spec = await readSpec(archive);
  const config = await readJson(archive, 'config.dump');
  const statusDump = await readJson(archive, 'status.dump');
  const status = await readJson(archive, 'status');
  const bind = await readJsonList(archive, 'bind.mounts');
  const deleted = await readJsonList(archive, 'deleted.files');
  const annotations = spec?.annotations ?? new Map<string, string>();
  const networks = await readNetworkStatus(archive);
  const engine = engineOf(annotations, config, statusDump);
  const identity = IDENTITIES[engine](annotations, config, statusDump);
  const checkpointed = isoTime(config?.text('checkpointedTime'));
  const fromImages = inventoryTime === undefined ? undefined : formatTime(new Date(inventoryTime * 1000));
  return {
    engine,
    id: config?.text('id') ?? statusDump?.text('id'),
    image: config?.text('rootfsImageName'),
    imageId: config?.text('rootfsImageRef') ?? config?.text('rootfsImageID') ?? config?.text('rootfsImage'),
    runtime: config?.text('runtime'),
    ...identity,
    created: isoTime(identity.created ?? config?.text('createdTime')),
    started: nanoTime(status?.number('StartedAt')),
    checkpointed: checkpointed ?? fromImages,
    checkpointedFrom: checkpointed !== undefined ? 'engine' : fromImages !== undefined ? 'images' : undefined,
    createCommand: config?.texts('CreateCommand') ?? [],
    logPath:
      config?.text('logPath') ??
      statusDump?.text('log_path') ??
      annotations.get('io.kubernetes.cri-o.LogPath'),
    hostname: spec?.hostname,
    hostPid: status?.number('Pid'),
    annotations,
    labels: statusDump?.textMap('labels') ?? new Map(),
    networks,
    addresses: [
      ...networks.flatMap((network) => network.interfaces.flatMap(({ addresses }) => addresses)),
      ...crioAddresses(annotations),
    ],
    macs: networks.flatMap((network) => network.interfaces.flatMap(({ mac }) => mac ?? [])),
    spec,
    deletedFiles: deleted?.texts('items') ?? [],
    bindMounts: (bind?.objects('items') ?? []).map((mount) => ({
      source: mount.text('source') ?? '',
      destination: mount.text('destination') ?? '',
      type: mount.text('file_type') ?? '',
    })),
  };
}

type Annotations = ReadonlyMap<string, string>;
type Identity = Pick<ContainerInfo, 'name' | 'namespace' | 'pod' | 'podUid' | 'sandboxId' | 'attempt'> & {
  readonly created: string | undefined;
};

/** Each engine marks its containers in the annotations of the OCI spec (containerd by its CRI plugin's prefix). */
function engineOf(
  annotations: Annotations,
  config: JsonFields | undefined,
  statusDump: JsonFields | undefined,
): Engine {
  const manager = annotations.get('io.container.manager');
  if (manager === 'libpod') return 'Podman';
  if (manager === 'cri-o') return 'CRI-O';
  const byPrefix = [...annotations.keys()].some((key) => key.startsWith('io.kubernetes.cri.'));
  if (byPrefix || statusDump !== undefined || config?.text('runtime')?.startsWith('io.containerd.') === true)
    return 'containerd';
  return 'unknown';
}

const IDENTITIES: Readonly<
  Record<
    Engine,
    (annotations: Annotations, config: JsonFields | undefined, statusDump: JsonFields | undefined) => Identity
  >
> = {
  Podman: (_, config) => ({ ...NOBODY, name: config?.text('name') }),
  'CRI-O': (annotations, config) => {
    const metadata = jsonAnnotation(annotations, 'io.kubernetes.cri-o.Metadata');
    return {
      name: metadata?.text('name') ?? annotations.get('io.kubernetes.container.name') ?? config?.text('name'),
      namespace: annotations.get('io.kubernetes.pod.namespace'),
      pod: annotations.get('io.kubernetes.pod.name'),
      podUid: annotations.get('io.kubernetes.pod.uid'),
      sandboxId: annotations.get('io.kubernetes.cri-o.SandboxID'),
      attempt: metadata?.number('attempt') ?? 0,
      created: annotations.get('io.kubernetes.cri-o.Created'),
    };
  },
  containerd: (annotations, config, statusDump) => {
    const metadata = statusDump?.object('metadata');
    const labels = statusDump?.textMap('labels');
    return {
      name:
        annotations.get('io.kubernetes.cri.container-name') ?? metadata?.text('name') ?? config?.text('name'),
      namespace:
        annotations.get('io.kubernetes.cri.sandbox-namespace') ?? labels?.get('io.kubernetes.pod.namespace'),
      pod: annotations.get('io.kubernetes.cri.sandbox-name') ?? labels?.get('io.kubernetes.pod.name'),
      podUid: annotations.get('io.kubernetes.cri.sandbox-uid') ?? labels?.get('io.kubernetes.pod.uid'),
      sandboxId: annotations.get('io.kubernetes.cri.sandbox-id'),
      attempt: metadata === undefined ? undefined : (metadata.number('attempt') ?? 0),
      created: undefined,
    };
  },
  unknown: (_, config) => ({ ...NOBODY, name: config?.text('name') }),
};

const NOBODY: Identity = {
  name: undefined,
  namespace: undefined,
  pod: undefined,
  podUid: undefined,
  sandboxId: undefined,
  attempt: undefined,
  created: undefined,
};

function jsonAnnotation(annotations: Annotations, key: string): JsonFields | undefined {
  const text = annotations.get(key);
  return text === undefined ? undefined : JsonFields.parse(`annotation ${key}`, text);
}

function crioAddresses(annotations: Annotations): readonly string[] {
  return [...annotations].filter(([key]) => /^io\.kubernetes\.cri-o\.IP\.\d+$/.test(key)).map(([, ip]) => ip);
}

/** Go writes its zero time, the year 1, for a time that never came. Untrusted text that is no time is shown as it is. */
function isoTime(text: string | undefined): string | undefined {
  if (text === undefined || text.startsWith('0001-')) return undefined;
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? text : formatTime(time);
}

/** Nanoseconds since 1970, as containerd's status has them; JSON's numbers lose some of the last three digits. */
function nanoTime(nanoseconds: number | undefined): string | undefined {
  if (nanoseconds === undefined || nanoseconds <= 0) return undefined;
  const time = new Date(nanoseconds / 1e6);
  return Number.isNaN(time.getTime()) ? undefined : formatTime(time);
}
