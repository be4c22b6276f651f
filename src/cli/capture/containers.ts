import {
  ColdcaseError,
  DeniedError,
  InterruptedError,
  NotFoundError,
  UsageError,
} from '../../base/errors.js';
import type { KubeletClient } from '../../kubelet/client.js';
import type { NodeInfo } from '../../kubelet/node-info.js';
import type { PodInfo } from '../../kubelet/pods.js';
import type { CaptureJob, ContainerTarget } from './job.js';
import { requireThisMachine } from './this-machine.js';

/** Which containers are to be captured, and the kubelet that runs them. */
export interface Plan {
  readonly client: KubeletClient;
  readonly targets: readonly [ContainerTarget, ...ContainerTarget[]];
  /** What was learned on the way. */
  readonly pod: PodInfo | undefined;
  /** Why the pod is not known; undefined when it is, or is not there. */
  readonly podUnknown: ColdcaseError | undefined;
  readonly node: NodeInfo | undefined;
}

/**
 * Finds the node (through the API server) and the containers (when only the pod was named: every one that runs, init
 * and ephemeral ones too).
 *
 * @throws NotFoundError when the pod is nowhere, or nothing of it runs; UnsafeError when it runs on another machine
 */
export async function planCapture(job: CaptureJob, client: KubeletClient): Promise<Plan> {
  const { target } = job;
  const findNode = client.via === 'api-server' && client.node === undefined;
  const needed = findNode || target.container === undefined;
  const { pod, podUnknown } = needed
    ? { pod: await findPod(job, client), podUnknown: undefined }
    : await lookAtPod(job, client);
  const onNode = findNode ? client.onNode(nodeOf(pod, job)) : client;
  const node = client.via === 'api-server' ? await askNode(job, onNode) : undefined;
  await requireThisMachine(job, onNode, { pod, podUnknown }, node);
  const names = target.container === undefined ? runningContainers(pod) : [target.container];
  const [first, ...rest] = names.map((container) => ({ ...target, container }));
  if (!first) {
    throw new NotFoundError(`no container of ${target.namespace}/${target.pod} is running`, {
      remedy: 'only a running container can be checkpointed; kubectl describe pod tells their states',
    });
  }
  if (rest.length > 0 && job.output.kind !== 'directory') {
    throw new UsageError(
      `${names.length} containers of the pod run (${names.join(', ')}): one output is not enough`,
      {
        remedy: 'give a directory (-o DIR/), or name one container',
      },
    );
  }
  return { client: onNode, targets: [first, ...rest], pod, podUnknown, node };
}

/** The pod where it can be had: its probes decide whether it outlives a checkpoint. */
async function lookAtPod(job: CaptureJob, client: KubeletClient): Promise<Pick<Plan, 'pod' | 'podUnknown'>> {
  try {
    return { pod: await client.pod(job.target, job.signal), podUnknown: undefined };
  } catch (error) {
    if (!(error instanceof ColdcaseError) || error instanceof InterruptedError) throw error;
    // that it is not there, the kubelet says in its own words when it is asked for the checkpoint
    return { pod: undefined, podUnknown: error instanceof NotFoundError ? undefined : error };
  }
}

async function findPod(job: CaptureJob, client: KubeletClient): Promise<PodInfo> {
  try {
    return await client.pod(job.target, job.signal);
  } catch (error) {
    if (error instanceof DeniedError && client.via === 'kubelet') {
      error.more.unshift(
        'or name the container, NAMESPACE/POD/CONTAINER: then the pods need not be listed',
        '',
      );
    }
    throw error;
  }
}

function nodeOf(pod: PodInfo | undefined, { target }: CaptureJob): string {
  if (pod?.nodeName) return pod.nodeName;
  throw new NotFoundError(`the pod ${target.namespace}/${target.pod} is on no node yet`, {
    remedy: 'kubectl describe pod tells why it was not scheduled',
  });
}

function runningContainers(pod: PodInfo | undefined): string[] {
  const containers = pod?.containers ?? [];
  return containers.filter(({ state }) => state === 'running' || state === 'unknown').map(({ name }) => name);
}

/** What the API server knows of the node, where the credentials let us read it. */
async function askNode(job: CaptureJob, client: KubeletClient): Promise<NodeInfo | undefined> {
  return client.nodeInfo(job.signal).catch((error: unknown) => {
    if (error instanceof DeniedError) return undefined;
    throw error;
  });
}
