import { readdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { ColdcaseError, DeniedError, InterruptedError, UnsafeError } from '../../base/errors.js';
import type { KubeletClient } from '../../kubelet/client.js';
import type { MachineIds, NodeInfo } from '../../kubelet/node-info.js';
import type { PodInfo } from '../../kubelet/pods.js';
import { isOwnAddress, machineIds, ownBootId } from '../../node/machine.js';
import { findSameMachine, podAmong } from '../../node/same-machine.js';
import type { Plan } from './containers.js';
import type { CaptureJob } from './job.js';

/**
 * The archive will lie on the node, in plaintext, and only there can it be sealed and removed: so the node has to be
 * this machine, and that is made sure of before the container is frozen for nothing.
 *
 * @throws UnsafeError when it is another; when it cannot be told, or only a directory tells, unless the job says that it
 *   is this one
 */
export async function requireThisMachine(
  job: CaptureJob,
  client: KubeletClient,
  { pod, podUnknown }: Pick<Plan, 'pod' | 'podUnknown'>,
  node: NodeInfo | undefined,
): Promise<void> {
  const { HostRoot } = await import('../../node/host/root.js');
  const host = await HostRoot.open(job.hostRoot);
  const ids = await machineIds(host);
  const known = {
    processesSeen: pod !== undefined && (await processesSeen(job, pod)),
    podDirectory: pod === undefined ? undefined : await hasPodDirectory(job.checkpointDir, pod),
    // the kernel has one for all containers: where the host root has no procfs, our own tells
    here: { ...ids, bootID: ids.bootID ?? (await ownBootId()) },
    ownAddress: await askedHere(job, client),
  };
  const verdict = await findSameMachine({ ...known, there: node }, () => machineOf(client, job.signal));
  if (verdict.same === true) return;
  const { namespace, pod: name } = job.target;
  const where = client.node ?? client.where;
  if (verdict.certain) {
    throw new UnsafeError(
      `${namespace}/${name} runs on ${where}, which is not this machine: ${verdict.by}; nothing was asked`,
      { remedy: `the archive would lie there, in plaintext: run coldcase on ${where}` },
    );
  }
  if (verdict.same === false) {
    const told = `${namespace}/${name} runs on ${where}, which seems not to be this machine: ${verdict.by}`;
    if (job.thisNode) return job.note(told);
    throw new UnsafeError(`${told}; nothing was asked`, {
      remedy: `run coldcase on ${where}, for the archive would lie there, in plaintext; --this-node if this is it`,
      more: [
        `looked at: ${podsBeside(job.checkpointDir)}, beside the checkpoints; --checkpoint-dir names those of another kubelet`,
      ],
    });
  }
  const doubt = `whether ${where}, where ${namespace}/${name} runs, is this machine cannot be told: ${verdict.by}`;
  if (job.thisNode) return job.note(doubt);
  // a server that cannot be reached or trusted has said so already, and that is the thing to mend
  if (podUnknown !== undefined && !(podUnknown instanceof DeniedError)) throw podUnknown;
  throw new UnsafeError(`${doubt}; nothing was asked`, {
    remedy:
      '--this-node if it is; to have it told: run as root in the PID namespace of the node, or allow get on nodes',
    more: [
      `this machine is ${hostname()}; if it is another one, the archive will lie there, in plaintext`,
      ...(pod?.hostIP
        ? [
            `the node's address ${pod.hostIP} is ${(await isOwnAddress(pod.hostIP)) ? '' : 'not '}one of this machine's`,
          ]
        : []),
    ],
  });
}

/** Whether a container of the pod has processes here, whatever its status says: that may be old. */
async function processesSeen(job: CaptureJob, pod: PodInfo): Promise<boolean> {
  const { HostRoot } = await import('../../node/host/root.js');
  const { containerPids } = await import('../../node/facts/container-memory.js');
  const { containerOfPod } = await import('../../node/running-container.js');
  const host = await HostRoot.open(job.hostRoot);
  for (const { name } of pod.containers) {
    const found = containerOfPod(pod, name);
    if (found !== undefined && (await containerPids(host, found.id)).length > 0) return true;
  }
  return false;
}

/** Whether the kubelet whose checkpoints lie here has a directory for the pod: ROOT/pods/UID, beside ROOT/checkpoints. */
async function hasPodDirectory(checkpointDir: string, pod: PodInfo): Promise<boolean | undefined> {
  // one that may not be read, or is not there, tells nothing
  const names = await readdir(podsBeside(checkpointDir)).catch(() => []);
  return podAmong(names, pod);
}

function podsBeside(checkpointDir: string): string {
  return join(dirname(checkpointDir), 'pods');
}

/** A kubelet at an address of ours is likely to be ours; what answers below a path may be anybody's proxy. */
async function askedHere(job: CaptureJob, client: KubeletClient): Promise<boolean> {
  const { url } = job.endpoint.connection;
  return client.via === 'kubelet' && url.pathname === '/' && (await isOwnAddress(url.hostname));
}

async function machineOf(client: KubeletClient, signal: AbortSignal): Promise<MachineIds | undefined> {
  try {
    return await client.machine(signal);
  } catch (error) {
    if (!(error instanceof ColdcaseError) || error instanceof InterruptedError) throw error;
    return undefined; // it may not be asked either
  }
}
