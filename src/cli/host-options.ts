import type { Command } from 'commander';
import { ColdcaseError, NotFoundError } from '../base/errors.js';
import type { Endpoint } from '../kubelet/endpoint.js';
import type { Target } from '../kubelet/names.js';
import type { OpenNodeApi } from '../node/connect.js';
import type { ConnectionOptions } from './connection-options.js';
import { interrupted } from './interrupt.js';

/** What `addHostRootOption` puts into commander's options. */
export interface HostRootOptions {
  readonly hostRoot?: string;
}

/** Adds `--host-root`. */
export function addHostRootOption(command: Command): Command {
  return command.option(
    '--host-root <dir>',
    "the node's file system: a host mounted into a pod, an image (default: /)",
  );
}

/** Whether any flag of the connection was given. */
function isGiven(options: ConnectionOptions): boolean {
  const names: readonly (keyof ConnectionOptions)[] = [
    'kubelet',
    'clientCertificate',
    'tokenFile',
    'kubeconfig',
    'context',
    'node',
  ];
  return names.some((name) => options[name] !== undefined);
}

/**
 * Hands the connection to `work`, or why there is none: a doctor works without one. Flags that were given must
 * work; the usual credentials of this machine are looked for only when the root is this machine's, never in a
 * foreign root that may be hostile. Through an API server, the node is the one named, the target's, or this one.
 */
export async function withNodeApi<T>(
  options: ConnectionOptions & HostRootOptions,
  work: (api: OpenNodeApi | undefined, why: string | undefined) => Promise<T>,
  target?: Target,
): Promise<T> {
  const given = isGiven(options);
  if (!given && options.hostRoot !== undefined && options.hostRoot !== '/') {
    return work(undefined, 'with --host-root, the API is asked only when connection flags say how');
  }
  const { resolveEndpoint } = await import('../kubelet/endpoint.js');
  const { openNodeApi } = await import('../node/connect.js');
  let api: OpenNodeApi;
  try {
    const endpoint = await resolveEndpoint(options, { signal: interrupted });
    api = openNodeApi(
      endpoint,
      endpoint.via === 'kubelet' ? undefined : await whichNode(endpoint, options, target),
    );
  } catch (error) {
    if (given || interrupted.aborted || !(error instanceof ColdcaseError)) throw error;
    return work(undefined, error.message);
  }
  try {
    return await work(api, undefined);
  } finally {
    await api.close();
  }
}

async function whichNode(
  endpoint: Endpoint,
  options: ConnectionOptions & HostRootOptions,
  target: Target | undefined,
): Promise<string | undefined> {
  if (endpoint.node !== undefined) return endpoint.node;
  if (target !== undefined) {
    const { KubeletClient } = await import('../kubelet/client.js');
    const client = KubeletClient.connect(endpoint);
    try {
      const { nodeName } = await client.pod(target);
      if (nodeName !== null) return nodeName;
    } catch (error) {
      if (!(error instanceof ColdcaseError) || error instanceof NotFoundError) throw error;
      // not allowed to see pods, or no answer: the checks say so in their own words
    } finally {
      await client.close();
    }
  }
  const { HostRoot } = await import('../node/host/root.js');
  const { loadKubeletConfig } = await import('../node/config/kubelet.js');
  const { nodeName } = await import('../node/status/read.js');
  const host = await HostRoot.open(options.hostRoot);
  return nodeName(host, await loadKubeletConfig(host));
}
