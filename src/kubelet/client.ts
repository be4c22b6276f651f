import { FailedError, NotFoundError } from '../base/errors.js';
import { JSON_LIMITS, type JsonObject, type JsonValue, tryJson } from '../base/json.js';
import { object } from '../base/json-fields.js';
import { parseCheckpointAnswer } from './checkpoint-answer.js';
import type { Endpoint } from './endpoint.js';
import { checkpointsOff, explainAnswer } from './explain.js';
import type { Target } from './names.js';
import { type MachineIds, machineOfMetrics, type NodeInfo, parseNode } from './node-info.js';
import { type PodInfo, parsePod, parsePods } from './pods.js';
import { type Answer, Transport } from './transport.js';

/** Most that is read of an answer to each kind of question, in bytes. */
const LIMIT = {
  checkpoint: 1 << 20,
  config: 1 << 20,
  object: 4 << 20,
  pods: 32 << 20,
  metrics: 16 << 20,
} as const;

/** How long questions other than a checkpoint may take, in milliseconds. */
const QUICK = 15_000;

export interface CheckpointOptions {
  /** Whole seconds that the kubelet gives the runtime; undefined leaves it to the kubelet. */
  readonly timeout: number | undefined;
  /** Milliseconds that the client waits. */
  readonly requestTimeout: number;
  readonly signal?: AbortSignal | undefined;
}

export interface CheckpointAnswer {
  /** Paths on the node, as the kubelet named them; not yet checked in any way but their shape. */
  readonly items: readonly string[];
  readonly status: number;
  readonly body: string;
}

/** The kubelet of one node, asked directly or through the API server. */
export class KubeletClient {
  /** `host:port` that is talked to. */
  readonly where: string;
  readonly via: Endpoint['via'];
  /** Through the API server: the node whose kubelet is meant, once it is known. */
  readonly node: string | undefined;
  readonly #transport: Transport;

  constructor(endpoint: Pick<Endpoint, 'via' | 'node'>, transport: Transport) {
    this.#transport = transport;
    this.where = transport.where;
    this.via = endpoint.via;
    this.node = endpoint.node;
  }

  static connect(endpoint: Endpoint): KubeletClient {
    return new KubeletClient(endpoint, new Transport(endpoint.connection));
  }

  /** The same connection, for the kubelet of the named node (through the API server only). */
  onNode(node: string): KubeletClient {
    return new KubeletClient({ via: this.via, node }, this.#transport);
  }

  /** The path of a call to the kubelet, as it is sent: `/checkpoint/prod/api-0/api`, below the node's proxy if through the API server. */
  path(...segments: readonly string[]): string {
    const call = segments.map((segment) => `/${encodeURIComponent(segment)}`).join('');
    if (this.via === 'kubelet') return call;
    if (this.node === undefined)
      throw new FailedError('the node is not known', { remedy: 'name it by --node' });
    return `/api/v1/nodes/${encodeURIComponent(this.node)}/proxy${call}`;
  }

  checkpointPath(target: Target & { container: string }, timeout: number | undefined): string {
    const path = this.path('checkpoint', target.namespace, target.pod, target.container);
    return timeout === undefined ? path : `${path}?timeout=${timeout}`;
  }

  /**
   * Asks for a checkpoint of one container, and waits for it.
   *
   * @throws what `explainAnswer` makes of an answer other than success; TimedOutError when the client gives up
   */
  async checkpoint(
    target: Target & { container: string },
    options: CheckpointOptions,
  ): Promise<CheckpointAnswer> {
    const answer = await this.#transport.request({
      method: 'POST',
      path: this.checkpointPath(target, options.timeout),
      timeout: options.requestTimeout,
      limit: LIMIT.checkpoint,
      signal: options.signal,
    });
    if (answer.status !== 200) {
      const what = `${target.namespace}/${target.pod}/${target.container}`;
      throw await explainAnswer(answer, { what, where: this.where, method: 'POST' });
    }
    return { items: parseCheckpointAnswer(answer, this.where), status: answer.status, body: answer.body };
  }

  /**
   * Whether the kubelet has the checkpoint call at all, without making a checkpoint: a GET is refused (405) where the
   * call exists, and not found where the feature is off.
   *
   * @throws NotFoundError when it is off
   */
  async probeCheckpoints(target: Target & { container: string }, signal?: AbortSignal): Promise<void> {
    const answer = await this.#get(this.checkpointPath(target, undefined), LIMIT.checkpoint, signal);
    if (answer.status === 404 && answer.body.trim() === '404 page not found')
      throw checkpointsOff(this.where);
  }

  /** Every pod of the node (GET /pods; needs get on nodes/proxy or nodes/pods). */
  async pods(signal?: AbortSignal): Promise<readonly PodInfo[]> {
    return parsePods(await this.#json(this.path('pods'), LIMIT.pods, signal), this.where);
  }

  /**
   * What is known of one pod: from the API server itself, or out of the kubelet's own list.
   *
   * @throws NotFoundError
   */
  async pod(target: Target, signal?: AbortSignal): Promise<PodInfo> {
    if (this.via === 'api-server') {
      const path = `/api/v1/namespaces/${encodeURIComponent(target.namespace)}/pods/${encodeURIComponent(target.pod)}`;
      const pod = parsePod(await this.#json(path, LIMIT.object, signal));
      if (pod) return pod;
      throw new FailedError(`${this.where} answered something that is no pod`);
    }
    const pod = (await this.pods(signal)).find(
      (one) => one.namespace === target.namespace && one.name === target.pod,
    );
    if (pod) return pod;
    throw new NotFoundError(`no pod ${target.namespace}/${target.pod} on this node`, {
      remedy:
        "kubectl get pods -A -o wide names each pod's node; a static pod's name ends in the node's name",
    });
  }

  /** Versions and identity of the node, from the API server (needs get on nodes). */
  async nodeInfo(signal?: AbortSignal): Promise<NodeInfo> {
    if (this.via !== 'api-server' || this.node === undefined) {
      throw new FailedError('only an API server knows the node');
    }
    const path = `/api/v1/nodes/${encodeURIComponent(this.node)}`;
    return parseNode(await this.#json(path, LIMIT.object, signal));
  }

  /** The kubelet's effective configuration: `kubeletconfig` of GET /configz (nodes/proxy or nodes/configz). */
  async configz(signal?: AbortSignal): Promise<JsonObject> {
    return object(await this.#json(this.path('configz'), LIMIT.config, signal), 'kubeletconfig');
  }

  /** What GET /healthz says: `ok`. */
  async healthz(signal?: AbortSignal): Promise<string> {
    return (await this.#ok(this.path('healthz'), LIMIT.config, signal)).body.trim();
  }

  /** The kubelet's version (`v1.36.0`), out of its metrics (needs get on nodes/metrics). */
  async version(signal?: AbortSignal): Promise<string | undefined> {
    const { body } = await this.#ok(this.path('metrics'), LIMIT.metrics, signal);
    return /^kubernetes_build_info\{[^}\n]*git_version="([^"\n]{1,64})"/m.exec(body)?.[1];
  }

  /** Which machine the kubelet runs on, out of cAdvisor's metrics (needs get on nodes/metrics). */
  async machine(signal?: AbortSignal): Promise<MachineIds | undefined> {
    const { body } = await this.#ok(this.path('metrics', 'cadvisor'), LIMIT.metrics, signal);
    return machineOfMetrics(body);
  }

  async close(): Promise<void> {
    await this.#transport.close();
  }

  #get(path: string, limit: number, signal: AbortSignal | undefined): Promise<Answer> {
    return this.#transport.request({ method: 'GET', path, timeout: QUICK, limit, signal });
  }

  async #ok(path: string, limit: number, signal: AbortSignal | undefined): Promise<Answer> {
    const answer = await this.#get(path, limit, signal);
    if (answer.status === 200) return answer;
    throw await explainAnswer(answer, { what: path, where: this.where, method: 'GET' });
  }

  async #json(path: string, limit: number, signal: AbortSignal | undefined): Promise<JsonValue> {
    const { body } = await this.#ok(path, limit, signal);
    const parsed = tryJson(body, { ...JSON_LIMITS, bytes: limit, values: limit / 16 });
    if (parsed === undefined)
      throw new FailedError(`${this.where} answered ${path} with something that is no JSON`);
    return parsed;
  }
}
