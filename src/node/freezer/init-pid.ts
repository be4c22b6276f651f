import { posix } from 'node:path';
import { ColdcaseError } from '../../base/errors.js';
import { parseJson } from '../../base/json.js';
import { field } from '../../base/json-fields.js';
import type { HostRoot } from '../host/root.js';

/** State directories of containerd, by who installs it: `state` of its configuration. */
const CONTAINERD_STATES = [
  '/run/containerd',
  '/run/k3s/containerd',
  '/run/k0s/containerd',
  '/var/snap/microk8s/common/run/containerd',
] as const;
/** Where OCI runtimes note it: runc and its kin in state.json, crun in `status`. */
const RUNTIME_FILES = [
  ['/run/crun', 'status', 'pid'],
  ['/run/runc', 'state.json', 'init_process_pid'],
] as const;
const MAX_STATE = 4 << 20;

/**
 * The first process of a container as its shim or OCI runtime noted it, in directories that only root reaches;
 * undefined where nobody did.
 *
 * @param id - hex digits
 */
export async function initPid(host: HostRoot, id: string): Promise<number | undefined> {
  for (const state of CONTAINERD_STATES) {
    const path = posix.join(state, 'io.containerd.runtime.v2.task/k8s.io', id, 'init.pid');
    const text = await host.readText(path, 4096);
    if (text.ok && /^\d{1,10}$/.test(text.value.trim())) return Number(text.value);
  }
  for (const [root, file, key] of RUNTIME_FILES) {
    const path = posix.join(root, id, file);
    const text = await host.readText(path, MAX_STATE);
    const pid = text.ok ? pidIn(path, text.value, key) : undefined;
    if (pid !== undefined) return pid;
  }
  return undefined;
}

function pidIn(path: string, text: string, key: string): number | undefined {
  try {
    const pid = field(parseJson(path, text), key);
    return typeof pid === 'number' && Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
  } catch (error) {
    if (error instanceof ColdcaseError) return undefined; // half a file: it is being written
    throw error;
  }
}
