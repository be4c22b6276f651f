/** What the embedded kubelet runs: enough of a pod to be asked about. */
export interface EmbeddedPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** More fields of its spec, such as volumes. */
  readonly spec?: object;
  readonly containers: readonly EmbeddedContainer[];
}

export interface EmbeddedContainer {
  readonly name: string;
  readonly kind: 'init' | 'container' | 'ephemeral';
  readonly image: string;
  /** A container that has exited, or has not started, cannot be checkpointed. */
  readonly running: boolean;
  /** More fields of its spec, such as probes. */
  readonly spec?: object;
  /** More fields of its status, such as its ID. */
  readonly status?: object;
}

export interface EmbeddedState {
  readonly nodeName: string;
  readonly pods: readonly EmbeddedPod[];
  /** The feature gate ContainerCheckpoint. */
  readonly checkpoints: boolean;
  /** The machine that it says it runs on, in cAdvisor's metrics; without it they are not served. */
  readonly machine?: { readonly bootID: string; readonly machineID: string; readonly systemUUID: string };
  /** Whether a user may use a verb on a subresource of nodes. */
  readonly allowed: (user: string, verb: string, subresource: string) => boolean;
  /** runtimeRequestTimeout of its configuration, in seconds; two minutes by default. */
  readonly runtimeRequestTimeout?: number;
  /**
   * Checkpoints a container, and returns the archive's path; throws an Error whose message is what the runtime says.
   *
   * @param timeout - seconds that the runtime is given: the larger of what was asked for and runtimeRequestTimeout
   */
  readonly checkpoint: (
    namespace: string,
    pod: string,
    container: string,
    timeout: bigint,
  ) => Promise<string>;
}

export interface EmbeddedRequest {
  readonly method: string;
  readonly url: URL;
  /** undefined when nothing authenticated the client. */
  readonly user: string | undefined;
}

export interface EmbeddedReply {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const PLAIN = 'text/plain; charset=utf-8';
const VERBS: Readonly<Record<string, string>> = {
  GET: 'get',
  POST: 'create',
  PUT: 'update',
  DELETE: 'delete',
};

/** Answers as kubelet 1.36 does, byte for byte where the answer is an error (pkg/kubelet/server). */
export async function kubeletAnswer(state: EmbeddedState, request: EmbeddedRequest): Promise<EmbeddedReply> {
  const { method, url, user } = request;
  const path = url.pathname.split('/').slice(1).map(decodeURIComponent);
  if (user === undefined) return { status: 401, type: 'text/plain', body: 'Unauthorized' };
  const verb = VERBS[method] ?? method.toLowerCase();
  const subresource = subresourceOf(path[0] ?? '');
  if (!state.allowed(user, verb, subresource)) {
    const what = `user=${user}, verb=${verb}, resource=nodes, subresource(s)=[${subresource}]`;
    return { status: 403, type: 'text/plain', body: `Forbidden (${what})\n` };
  }
  if (path[0] === 'checkpoint' && path.length === 4 && state.checkpoints) {
    if (method !== 'POST') return { status: 405, type: 'text/plain', body: '405: Method Not Allowed' };
    return checkpointAnswer(state, path, url.searchParams.getAll('timeout').at(-1));
  }
  if (method === 'GET' && path.length === 1) {
    if (path[0] === 'healthz') return { status: 200, type: PLAIN, body: 'ok' };
    if (path[0] === 'pods') return json(podList(state));
    if (path[0] === 'configz') return json(configz(state));
    if (path[0] === 'metrics') return { status: 200, type: PLAIN, body: METRICS };
  }
  if (method === 'GET' && path.join('/') === 'metrics/cadvisor' && state.machine !== undefined) {
    const { bootID, machineID, systemUUID } = state.machine;
    const labels = `boot_id="${bootID}",machine_id="${machineID}",system_uuid="${systemUUID}"`;
    return {
      status: 200,
      type: 'text/plain',
      body: `# TYPE machine_cpu_cores gauge\nmachine_cpu_cores{${labels}} 2\n`,
    };
  }
  return { status: 404, type: PLAIN, body: '404 page not found\n' };
}

function subresourceOf(first: string): string {
  return ['checkpoint', 'metrics', 'configz', 'healthz', 'pods'].includes(first) ? first : 'proxy';
}

async function checkpointAnswer(
  state: EmbeddedState,
  path: readonly string[],
  timeout: string | undefined,
): Promise<EmbeddedReply> {
  const [, namespace = '', podName = '', container = ''] = path;
  const missing = (body: string): EmbeddedReply => ({ status: 404, type: PLAIN, body });
  const pod = state.pods.find((one) => one.namespace === namespace && one.name === podName);
  if (!pod) return missing('pod does not exist');
  const found = pod.containers.find((one) => one.name === container);
  if (!found) return missing(`container ${container} does not exist`);
  if (timeout !== undefined && !/^[+-]?\d{1,18}$/.test(timeout)) {
    return missing('cannot parse value of timeout parameter');
  }
  try {
    if (!found.running) throw new Error(`container ${container} not found`);
    const asked = BigInt(timeout ?? 0);
    const least = BigInt(runtimeRequestTimeout(state));
    const location = await state.checkpoint(namespace, podName, container, asked > least ? asked : least);
    return { status: 200, type: 'application/json', body: `{"items":["${location}"]}` };
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    const body = `checkpointing of ${namespace}/${podName}/${container} failed (${said})`;
    return { status: 500, type: PLAIN, body };
  }
}

function runtimeRequestTimeout(state: EmbeddedState): number {
  return state.runtimeRequestTimeout ?? 120;
}

function json(value: object): EmbeddedReply {
  return { status: 200, type: 'application/json', body: JSON.stringify(value) };
}

const METRICS = [
  '# HELP kubernetes_build_info [BETA] A metric with a constant 1 value.',
  '# TYPE kubernetes_build_info gauge',
  'kubernetes_build_info{build_date="",compiler="gc",git_version="v1.36.0",major="1",minor="36",platform="linux/amd64"} 1',
  '',
].join('\n');

function configz(state: EmbeddedState): object {
  return {
    kubeletconfig: {
      authentication: { anonymous: { enabled: false }, x509: { clientCAFile: '/etc/kubernetes/pki/ca.crt' } },
      authorization: { mode: 'Webhook' },
      featureGates: { ContainerCheckpoint: state.checkpoints },
      containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
      runtimeRequestTimeout: `${Math.floor(runtimeRequestTimeout(state) / 60)}m${runtimeRequestTimeout(state) % 60}s`,
    },
  };
}

/** A v1.PodList with what a reader of it needs. */
export function podList(state: EmbeddedState): object {
  return {
    kind: 'PodList',
    apiVersion: 'v1',
    metadata: {},
    items: state.pods.map((pod) => podObject(state, pod)),
  };
}

export function podObject(state: EmbeddedState, pod: EmbeddedPod): object {
  const of = (kind: EmbeddedContainer['kind']): EmbeddedContainer[] =>
    pod.containers.filter((one) => one.kind === kind);
  const specs = (kind: EmbeddedContainer['kind']): object[] =>
    of(kind).map(({ name, image, spec }) => ({ name, image, ...spec }));
  const statuses = (kind: EmbeddedContainer['kind']): object[] =>
    of(kind).map(({ name, image, running, status }) => ({
      name,
      image,
      imageID: `${image}@sha256:${'0'.repeat(64)}`,
      containerID: `containerd://${Buffer.from(name.padEnd(32, '.')).toString('hex')}`,
      restartCount: 0,
      ready: running,
      state: running ? { running: { startedAt: '2026-11-23T16:00:00Z' } } : { terminated: { exitCode: 0 } },
      ...status,
    }));
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: {
      namespace: pod.namespace,
      name: pod.name,
      uid: pod.uid,
      labels: { app: pod.name },
      ...(pod.annotations === undefined ? {} : { annotations: pod.annotations }),
    },
    spec: {
      nodeName: state.nodeName,
      serviceAccountName: 'default',
      initContainers: specs('init'),
      containers: specs('container'),
      ephemeralContainers: specs('ephemeral'),
      ...pod.spec,
    },
    status: {
      phase: 'Running',
      hostIP: '127.0.0.1',
      podIPs: [{ ip: '10.244.0.7' }],
      startTime: '2026-11-23T15:59:58Z',
      initContainerStatuses: statuses('init'),
      containerStatuses: statuses('container'),
      ephemeralContainerStatuses: statuses('ephemeral'),
    },
  };
}
