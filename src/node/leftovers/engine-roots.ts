import { posix } from 'node:path';
import { readSettings } from '../facts/runtime-settings.js';
import { ownProcesses } from '../host/own-processes.js';
import { startVariable } from '../host/processes.js';
import type { HostRoot } from '../host/root.js';
import { whoElseWrites } from '../host/root-only.js';
import { findUnit } from '../host/systemd.js';
import { parseToml, type Toml } from '../host/toml.js';
import { unitEnvironment } from '../host/unit-command.js';

/**
 * Directories of the engines of a node that hold pieces of checkpoints. Absolute paths inside the host root; of each
 * kind the first is where the engine that runs now writes, as far as that can be told.
 */
export interface EngineRoots {
  /** containerd's root directories: the content store and the state of containers are below. */
  readonly containerd: readonly string[];
  /** Where containerd makes the directory for CRIU's images. */
  readonly temporary: readonly string[];
  /** Storage roots of CRI-O: `overlay-containers` is below. */
  readonly storage: readonly string[];
}

/** Where containerd keeps its data unless it is told otherwise, by who installs it. */
const CONTAINERD_ROOTS = [
  '/var/lib/containerd',
  '/var/lib/rancher/k3s/agent/containerd',
  '/var/lib/rancher/rke2/agent/containerd',
  '/var/lib/k0s/containerd',
  '/var/snap/microk8s/common/var/lib/containerd',
] as const;
const CONTAINERD_SOCKETS = [
  '/run/containerd/containerd.sock',
  '/run/k3s/containerd/containerd.sock',
] as const;
const STORAGE_ROOT = '/var/lib/containers/storage';
const STORAGE_FILES = ['/etc/containers/storage.conf', '/usr/share/containers/storage.conf'] as const;
const CONTAINERD = new Set(['containerd']);
const CRIO = new Set(['crio']);
/** k3s, RKE2 and the others start containerd themselves, with their own environment. */
const UNITS = [
  'containerd.service',
  'k3s.service',
  'k3s-agent.service',
  'rke2-server.service',
  'rke2-agent.service',
  'k0sworker.service',
] as const;

/**
 * Where the engines of this node keep what a checkpoint writes on the way: as the running processes were told
 * (`--root`, environment), as their configuration says, and where they are by default. All of them count: a
 * configuration may have been changed after something was left. Only processes of the node's own are asked: root deletes
 * in what comes of it, and no other user is to say where.
 */
export async function findEngineRoots(host: HostRoot): Promise<EngineRoots> {
  return {
    containerd: await containerdRoots(host),
    temporary: await temporaryDirectories(host),
    storage: await storageRoots(host),
  };
}

async function containerdRoots(host: HostRoot): Promise<readonly string[]> {
  const roots = new Set<string>();
  for await (const { arguments: words } of ownProcesses(host, CONTAINERD)) add(roots, flagOf(words, 'root'));
  for (const toml of await containerdConfigurations(host)) add(roots, toml.get('root'));
  const there: string[] = [];
  for (const root of CONTAINERD_ROOTS) if (await host.exists(root)) there.push(root);
  for (const root of [...there, ...CONTAINERD_ROOTS]) roots.add(root);
  return [...roots];
}

/**
 * os.MkdirTemp($XDG_RUNTIME_DIR, "ctrd-checkpoint") of containerd's task service: without that variable TMPDIR, which
 * `temp` of its configuration sets, or /tmp.
 */
async function temporaryDirectories(host: HostRoot): Promise<readonly string[]> {
  const environments: ((name: string) => Promise<string | undefined>)[] = [];
  for await (const { pid } of ownProcesses(host, CONTAINERD)) {
    environments.push((name) => startVariable(host, pid, name));
  }
  for (const name of UNITS) {
    const unit = await findUnit(host, name);
    if (unit === undefined) continue;
    const { variables } = await unitEnvironment(host, unit);
    environments.push(async (variable) => variables.get(variable)?.text);
  }
  const directories = new Set<string>();
  for (const variable of environments) add(directories, await variable('XDG_RUNTIME_DIR'));
  for (const toml of await containerdConfigurations(host)) add(directories, toml.get('temp'));
  for (const variable of environments) add(directories, await variable('TMPDIR'));
  directories.add('/tmp');
  for (const directory of await privateTmp(host)) directories.add(directory);
  return [...directories];
}

async function containerdConfigurations(host: HostRoot): Promise<readonly Toml[]> {
  const found: Toml[] = [];
  for (const socket of CONTAINERD_SOCKETS) {
    for (const { toml } of await readSettings(host, 'containerd', socket)) {
      if (toml !== undefined) found.push(toml);
    }
  }
  return found;
}

async function storageRoots(host: HostRoot): Promise<readonly string[]> {
  const roots = new Set<string>();
  for await (const { arguments: words } of ownProcesses(host, CRIO)) add(roots, flagOf(words, 'root'));
  for (const { toml } of (await readSettings(host, 'cri-o', '')).toReversed()) {
    add(roots, toml?.get('crio', 'root'));
  }
  for (const file of STORAGE_FILES) {
    const text = await host.readText(file);
    if (text.ok) add(roots, parseToml(text.value)?.get('storage', 'graphroot'));
  }
  return [...roots.add(STORAGE_ROOT)];
}

function add(paths: Set<string>, value: unknown): void {
  if (typeof value === 'string' && value.startsWith('/')) paths.add(posix.normalize(value));
}

function flagOf(words: readonly string[], name: string): string | undefined {
  for (const [index, word] of words.entries()) {
    const value = new RegExp(`^--?${name}=(.*)$`).exec(word)?.[1];
    if (value !== undefined) return value;
    if (word === `--${name}` || word === `-${name}`) return words[index + 1];
  }
  return undefined;
}

/**
 * A unit with PrivateTmp= has a /tmp of its own, which from outside lies below a directory that is called so. Anybody can
 * make one, or a link: only what root made counts.
 */
async function privateTmp(host: HostRoot): Promise<readonly string[]> {
  const names = await host.list('/tmp');
  if (!names.ok) return [];
  const own = names.value.filter((name) =>
    /^systemd-private-[0-9a-f]+-(containerd|k3s|k3s-agent|rke2-server|rke2-agent)\.service-/.test(name),
  );
  const found: string[] = [];
  for (const name of own) {
    const made = posix.join('/tmp', name);
    if ((await whoElseWrites(host, made)) === undefined) found.push(posix.join(made, 'tmp'));
  }
  return found.slice(0, 64);
}
