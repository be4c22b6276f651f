import { posix } from 'node:path';
import type { HostRoot } from '../host/root.js';
import { containerPids, type FoundContainer, findContainers } from './containers.js';
import { directoryIn, freezerMounts, type HierarchyMount, versionOf } from './mounts.js';

/** Where the freezer of a container is looked at. */
export interface ContainerFreezer {
  readonly id: string;
  /** The processes that were found when it was looked for. */
  readonly pids: readonly number[];
  readonly cgroups: readonly FreezerCgroup[];
}

/** A cgroup that processes of the container are in, in a hierarchy that can freeze. */
interface FreezerCgroup {
  readonly version: 1 | 2;
  /** The directory of the processes, inside the host root. */
  readonly directory: string;
  /** The directory that bears the container's ID: the same, or above it. */
  readonly own: string;
  /** Where the hierarchy is mounted. */
  readonly top: string;
}

/** Whether a container runs, as the kernel's freezer says. */
export type FreezerState =
  | { readonly state: 'running' }
  | {
      readonly state: 'frozen';
      /** Whether the container itself was frozen (an engine's pause) or something that it is in, such as its pod's slice. */
      readonly by: 'itself' | 'a parent';
      /** The cgroup directory whose freezer is set; undefined when it is above what can be seen. */
      readonly where: string | undefined;
      readonly version: 1 | 2;
      /** False while some process has not stopped yet. */
      readonly complete: boolean;
    }
  /** There is no process of it any more. */
  | { readonly state: 'gone' }
  | { readonly state: 'unknown'; readonly why: string };

/** What keeps a freezer from being found. */
export type NoFreezer = Exclude<FreezerState, { state: 'running' | 'frozen' }>;

/** Finds the freezer of a container by its processes' cgroups. Without any process it is told why there is none. */
export async function findFreezer(host: HostRoot, id: string): Promise<ContainerFreezer | NoFreezer> {
  const found = await freezersOf(host, id);
  if (found instanceof Map) return found.get(id) ?? { state: 'gone' };
  return found;
}

/** The freezers of all containers of the node, by the ID in their cgroups' names. */
export async function allFreezers(
  host: HostRoot,
): Promise<ReadonlyMap<string, ContainerFreezer> | NoFreezer> {
  return freezersOf(host, undefined);
}

async function freezersOf(
  host: HostRoot,
  wanted: string | undefined,
): Promise<Map<string, ContainerFreezer> | NoFreezer> {
  const containers = await findContainers(host, wanted);
  if (containers.size === 0 && !(await seesProcesses(host))) {
    return { state: 'unknown', why: 'the processes of the node cannot be seen' };
  }
  if (containers.size === 0) return new Map();
  const mounts = await freezerMounts(host);
  if (!mounts.ok) return { state: 'unknown', why: mounts.why };
  const freezers = new Map<string, ContainerFreezer>();
  for (const [id, { pids, cgroups }] of containers) {
    const seen = cgroups.flatMap((line) => mounts.value.flatMap((mount) => seenThrough(mount, line) ?? []));
    freezers.set(id, { id, pids, cgroups: seen });
  }
  return freezers;
}

/** A cgroup of the container as a mount shows it; undefined when it is of another hierarchy, or not shown there. */
function seenThrough(
  mount: HierarchyMount,
  line: FoundContainer['cgroups'][number],
): FreezerCgroup | undefined {
  const { path, own } = line;
  const version = versionOf(line, 'freezer');
  if (version !== mount.version) return undefined;
  const [directory, ownDirectory] = [directoryIn(mount, path), directoryIn(mount, own)];
  if (directory === undefined || ownDirectory === undefined) return undefined;
  return { version, directory, own: ownDirectory, top: mount.point };
}

/**
 * Whether "no process" means anything: some process of this root's /proc tells its cgroup, and PID 1 is among what is
 * seen, which it is not with hidepid or in a PID namespace of somebody else's making that lacks the host.
 */
async function seesProcesses(host: HostRoot): Promise<boolean> {
  if (!(await host.readText('/proc/1/cgroup', 1 << 16)).ok) return false;
  if (!host.isThisMachine) return true;
  // the first process of the machine is in the first PID namespace, whose inode is a constant of the kernel
  const first = await host.readLink('/proc/1/ns/pid');
  return !first.ok || first.value === FIRST_PID_NAMESPACE;
}

/** PROC_PID_INIT_INO of include/linux/proc_ns.h. */
const FIRST_PID_NAMESPACE = 'pid:[4026531836]';

/** Looks at a freezer that was found. Few small reads: it may be done many times a second. */
export async function readFreezer(host: HostRoot, { id, cgroups }: ContainerFreezer): Promise<FreezerState> {
  if (cgroups.length === 0) return { state: 'unknown', why: 'no mounted cgroup hierarchy shows its freezer' };
  const states = await Promise.all(cgroups.map((cgroup) => readOne(host, cgroup)));
  const seen = states.filter((state) => state.state !== 'gone');
  if (seen.length === 0) {
    // a directory that is not there is one thing, and a mount that does not show it is another
    if ((await containerPids(host, id)).length === 0) return { state: 'gone' };
    return { state: 'unknown', why: `${cgroups[0]?.directory} is not to be seen, and its processes are` };
  }
  const unknown = seen.find((state) => state.state === 'unknown');
  // a hybrid machine freezes in one hierarchy, and a container that froze a part of itself still runs; where two
  // cgroups claim to be the container's, one that stands still is told rather than passed over
  for (const own of new Set(cgroups.map((cgroup) => cgroup.own))) {
    const all = states.filter((state, index) => cgroups[index]?.own === own && state.state !== 'gone');
    const [frozen] = all;
    if (frozen?.state === 'frozen' && all.every(({ state }) => state === 'frozen')) return frozen;
  }
  return unknown ?? { state: 'running' };
}

async function readOne(host: HostRoot, cgroup: FreezerCgroup): Promise<FreezerState> {
  const { version, directory, top } = cgroup;
  if (directory === top) return { state: 'running' }; // the root of a hierarchy has no freezer
  const now = await (version === 1 ? readV1(host, directory) : readV2(host, directory));
  if (now === 'gone') return { state: 'gone' };
  if (typeof now === 'object') return { state: 'unknown', why: now.why };
  if (now === 'thawed' && version === 1) return { state: 'running' };
  const where = await whoFroze(host, cgroup);
  // version 2 has no word for a freeze that some process has not followed yet: only the wish tells
  if (now === 'thawed' && where === undefined) return { state: 'running' };
  return {
    state: 'frozen',
    by: where !== undefined && isWithin(where, cgroup.own) ? 'itself' : 'a parent',
    where,
    version,
    complete: now === 'frozen',
  };
}

type Now = 'frozen' | 'freezing' | 'thawed' | 'gone' | { readonly why: string };

/** freezer.state is the state in effect, of a parent too (Documentation/admin-guide/cgroup-v1/freezer-subsystem.rst). */
async function readV1(host: HostRoot, directory: string): Promise<Now> {
  const path = posix.join(directory, 'freezer.state');
  const text = await host.readText(path, 4096);
  if (!text.ok) return text.reason === 'absent' ? 'gone' : { why: `${path}: ${text.why}` };
  switch (text.value.trim()) {
    case 'FROZEN':
      return 'frozen';
    case 'FREEZING':
      return 'freezing';
    case 'THAWED':
      return 'thawed';
    default:
      return { why: `${path} says something else than FROZEN, FREEZING or THAWED` };
  }
}

/** `frozen` of cgroup.events is the state in effect (Documentation/admin-guide/cgroup-v2.rst); the wish is cgroup.freeze. */
async function readV2(host: HostRoot, directory: string): Promise<Now> {
  const path = posix.join(directory, 'cgroup.events');
  const text = await host.readText(path, 4096);
  if (!text.ok) return text.reason === 'absent' ? 'gone' : { why: `${path}: ${text.why}` };
  if (/^populated 0$/m.test(text.value)) return 'gone';
  if (/^frozen 1$/m.test(text.value)) return 'frozen';
  if (!/^frozen 0$/m.test(text.value)) return { why: `${path} has no "frozen": a kernel before 5.2` };
  return 'thawed';
}

/** The nearest cgroup, upwards, that was itself told to freeze. */
async function whoFroze(
  host: HostRoot,
  { version, directory, top }: FreezerCgroup,
): Promise<string | undefined> {
  const file = version === 1 ? 'freezer.self_freezing' : 'cgroup.freeze';
  for (let at = directory; isWithin(at, top) && at !== top; at = posix.dirname(at)) {
    if (await isOn(host, posix.join(at, file))) return at;
  }
  return undefined;
}

async function isOn(host: HostRoot, path: string): Promise<boolean> {
  const text = await host.readText(path, 4096);
  return text.ok && text.value.trim() === '1';
}

function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}

/** Looks for the container and at its freezer. */
export async function freezerState(host: HostRoot, id: string): Promise<FreezerState> {
  const freezer = await findFreezer(host, id);
  return 'state' in freezer ? freezer : readFreezer(host, freezer);
}
