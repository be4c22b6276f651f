import { readFile } from 'node:fs/promises';
import { arch, hostname, release } from 'node:os';
import type { KubeletClient } from '../../kubelet/client.js';
import type { Target } from '../../kubelet/names.js';
import type { NodeInfo } from '../../kubelet/node-info.js';
import type { PodInfo } from '../../kubelet/pods.js';
import { ownBootId } from '../../node/machine.js';
import type { CaptureRecord } from '../../seal/capture-record.js';

/** What the record says about the node and the pod, as far as the credentials let us ask. */
export type CaptureFacts = Pick<CaptureRecord, 'node' | 'podMetadata'>;

/** What was learned before the checkpoint was asked for. */
export interface KnownFacts {
  readonly pod: PodInfo | undefined;
  readonly node: NodeInfo | undefined;
}

/**
 * Asks for what is not known yet. A capture never fails because of this: what may not be asked, or gets no answer, is
 * listed under `notKnown` with the reason.
 */
export async function gatherFacts(
  client: KubeletClient,
  target: Target,
  known: KnownFacts,
  signal: AbortSignal,
): Promise<CaptureFacts> {
  const notKnown: Record<string, string> = {};
  const ask = async <T>(what: string, question: Promise<T>): Promise<T | undefined> => {
    try {
      return await question;
    } catch (error) {
      notKnown[what] = error instanceof Error ? error.message : String(error);
      return undefined;
    }
  };
  const [pod, kubeletVersion] = await Promise.all([
    known.pod ?? ask('pod', client.pod(target, signal)),
    known.node?.kubeletVersion ?? ask('kubeletVersion', client.version(signal)),
  ]);
  const { container } = target;
  const runtime = pod?.containers.find((one) => one.containerID !== null)?.containerID?.split('://')[0];
  return {
    node: {
      name: client.node ?? pod?.nodeName ?? null,
      // capture runs on the node itself: it has to, to take the archive
      hostname: hostname(),
      kernel: release(),
      architecture: arch(),
      bootID: await ownBootId(),
      kubeletVersion: kubeletVersion ?? null,
      containerRuntime: known.node?.containerRuntimeVersion ?? runtime ?? null,
      osImage: known.node?.osImage ?? (await osImage()) ?? null,
      ...(Object.keys(notKnown).length > 0 ? { notKnown } : {}),
    },
    ...(pod ? { podMetadata: podMetadata(pod, container) } : {}),
  };
}

function podMetadata(pod: PodInfo, container: string | undefined): NonNullable<CaptureRecord['podMetadata']> {
  const { containers, owners, volumes: _volumes, staticUid: _uid, hostNetwork: _network, ...rest } = pod;
  return {
    ...rest,
    owners: owners.map((owner) => ({ ...owner })),
    containers: containers.map(({ volumeMounts: _mounts, volumeDevices: _devices, probes, ...one }) => ({
      ...one,
      probes: probes.map((probe) => ({ ...probe })),
      captured: container === undefined || container === one.name,
    })),
  };
}

/** PRETTY_NAME of os-release(5), which is what a kubelet reports as OS image. */
async function osImage(): Promise<string | undefined> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^PRETTY_NAME="?([^"\n]{1,200})"?$/m.exec(text)?.[1];
}
