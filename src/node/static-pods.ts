import { posix } from 'node:path';
import { FormatError } from '../base/errors.js';
import { isObject } from '../base/json-fields.js';
import type { Target } from '../kubelet/names.js';
import { type PodInfo, parsePod } from '../kubelet/pods.js';
import { parseConfigText } from './config/document.js';
import { type KubeletConfiguration, setting } from './config/kubelet.js';
import type { HostRoot } from './host/root.js';
import { nodeName } from './status/read.js';

/** More manifests than any node has. */
const MOST_FILES = 256;

/**
 * A static pod by the manifest that the kubelet runs it from (staticPodPath), for those who may not ask for pods: the
 * kubelet calls it by the manifest's name and the node's. It has no status. undefined when there is none of that name.
 */
export async function findStaticPod(
  host: HostRoot,
  configuration: KubeletConfiguration,
  target: Target,
): Promise<PodInfo | undefined> {
  const directory = setting(configuration, 'staticPodPath');
  if (typeof directory !== 'string' || !directory.startsWith('/')) return undefined;
  const node = await nodeName(host, configuration);
  const names = await host.list(directory);
  if (node === undefined || !names.ok) return undefined;
  for (const name of names.value.filter((one) => !one.startsWith('.')).slice(0, MOST_FILES)) {
    const pod = await readManifest(host, posix.join(directory, name));
    if (pod?.namespace === target.namespace && `${pod.name}-${node}` === target.pod) {
      return { ...pod, name: target.pod, nodeName: node };
    }
  }
  return undefined;
}

async function readManifest(host: HostRoot, path: string): Promise<PodInfo | undefined> {
  const text = await host.readText(path);
  if (!text.ok) return undefined;
  try {
    const value = parseConfigText(path, text.value);
    if (!isObject(value) || value['kind'] !== 'Pod' || !isObject(value['metadata'])) return undefined;
    return parsePod({ ...value, metadata: { namespace: 'default', ...value['metadata'] } });
  } catch (error) {
    if (error instanceof FormatError) return undefined; // the kubelet runs no pod from it either
    throw error;
  }
}
