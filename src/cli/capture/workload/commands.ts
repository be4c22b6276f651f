import { ColdcaseError } from '../../../base/errors.js';
import {
  type Engine,
  shownCommand,
  type ThawCommand,
  thawCommands,
} from '../../../node/freezer/thaw-commands.js';
import type { HostRoot } from '../../../node/host/root.js';
import type { Identity } from './identity.js';
import type { Frozen } from './look.js';

/** What is taken for the engine where the node's own files cannot be made out: whatever is wrong there, a way to thaw is told. */
const USUAL: Engine = {
  kind: 'containerd',
  socket: '/run/containerd/containerd.sock',
  low: { name: 'runc', binary: 'runc', from: 'not known' },
};

/** What thaws a container. What the pod's status says of the engine counts more than which socket is there. */
export async function commandsFor(
  host: HostRoot,
  { id, runtime }: Identity,
  state: Pick<Frozen, 'by' | 'where' | 'version'>,
): Promise<readonly ThawCommand[]> {
  const engine = await engineOf(host);
  return thawCommands(
    host,
    id ?? '',
    { ...engine, kind: runtime === 'unknown' ? engine.kind : runtime },
    state,
  );
}

/** The same, to be pasted into a shell. */
export async function shownCommands(...what: Parameters<typeof commandsFor>): Promise<readonly string[]> {
  return (await commandsFor(...what)).map(shownCommand);
}

async function engineOf(host: HostRoot): Promise<Engine> {
  const { loadKubeletConfig } = await import('../../../node/config/kubelet.js');
  const { readRuntime } = await import('../../../node/facts/runtime.js');
  try {
    return await readRuntime(host, await loadKubeletConfig(host), undefined, { probe: false });
  } catch (error) {
    if (error instanceof ColdcaseError) return USUAL;
    throw error;
  }
}
