import { posix } from 'node:path';
import { type MountFact, readMounts } from '../facts/mounts.js';
import type { Found } from '../host/found.js';
import { listPids } from '../host/processes.js';
import type { HostRoot } from '../host/root.js';

/** A line of /proc/PID/cgroup (cgroups(7)): the hierarchy's controllers, none for version 2, and the path in it. */
export interface CgroupLine {
  readonly controllers: readonly string[];
  readonly path: string;
}

const MAX_CGROUP = 1 << 16;

export function parseCgroups(text: string): readonly CgroupLine[] {
  return text.split('\n').flatMap((line) => {
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    return path === '' ? [] : [{ controllers: controllers.split(',').filter((one) => one !== ''), path }];
  });
}

/**
 * The part of a cgroup's path that is the container's own, the topmost that bears its ID: the ID alone (cgroupfs),
 * `cri-containerd-ID.scope`, `crio-ID.scope`, `docker-ID.scope` (systemd), `...slice:cri-containerd:ID` (a runtime
 * and a kubelet that disagree). `crio-conmon-ID.scope` and `libpod-conmon-ID.scope` are those of the monitor, which
 * is no part of the container.
 *
 * @returns undefined when no part bears it
 */
export function ownCgroup(path: string, id: string): string | undefined {
  const parts = path.split('/');
  const at = parts.findIndex((part) => isOf(part, id));
  return at < 0 ? undefined : parts.slice(0, at + 1).join('/');
}

function isOf(part: string, id: string): boolean {
  const name = part.endsWith('.scope') ? part.slice(0, -'.scope'.length) : part;
  if (!name.endsWith(id)) return false;
  const before = name.slice(0, -id.length);
  return (before === '' || /[-:]$/.test(before)) && !/(^|-)conmon-$/.test(before);
}

/**
 * Whether a text that a kubelet or a runtime calls a container's ID can be one: hex digits, and enough of them to mean
 * one container only. Nothing else may become a word of a command.
 */
export function isContainerId(text: string): boolean {
  return /^[0-9a-f]{12,128}$/.test(text);
}

/** The container that a cgroup belongs to by its name, whatever it is called: 64 hex digits, as every engine makes them. */
export function containerOf(path: string): string | undefined {
  for (const part of path.split('/')) {
    const id = /(?:^|[-:])([0-9a-f]{64})(?:\.scope)?$/.exec(part)?.[1];
    if (id !== undefined && isOf(part, id)) return id;
  }
  return undefined;
}

/** The processes of a container, as their cgroups tell, ascending. */
export async function containerPids(host: HostRoot, id: string): Promise<readonly number[]> {
  if (!isContainerId(id)) return [];
  const found: number[] = [];
  for (const pid of await listPids(host)) {
    const lines = await cgroupsOf(host, pid);
    if (lines.some(({ path }) => ownCgroup(path, id) !== undefined)) found.push(pid);
  }
  return found;
}

/** The cgroups of a process; none when it is gone, or not to be seen. */
export async function cgroupsOf(host: HostRoot, pid: number): Promise<readonly CgroupLine[]> {
  const text = await host.readText(`/proc/${pid}/cgroup`, MAX_CGROUP);
  return text.ok ? parseCgroups(text.value) : [];
}

/** A hierarchy of cgroups, where it is mounted. */
export interface HierarchyMount {
  readonly version: 1 | 2;
  readonly point: string;
  /** Which directory of the hierarchy is mounted there; `/` for all of it. */
  readonly root: string;
}

/** The mounts of the freezer of version 1 and of version 2; on a hybrid machine there are both. */
export async function freezerMounts(host: HostRoot): Promise<Found<readonly HierarchyMount[]>> {
  return mountsOf(host, 'freezer');
}

/** The mounts of a controller of version 1, and of version 2, which may have it too. */
async function mountsOf(host: HostRoot, controller: string): Promise<Found<readonly HierarchyMount[]>> {
  const mounts = await readMounts(host);
  if (!mounts.ok) return mounts;
  const found = mounts.value.flatMap((mount) => hierarchyOf(mount, controller) ?? []);
  if (found.length === 0) return { ok: false, reason: 'absent', why: `no cgroup ${controller} is mounted` };
  return { ok: true, value: found };
}

function hierarchyOf(
  { type, point, root, options }: MountFact,
  controller: string,
): HierarchyMount | undefined {
  if (type === 'cgroup2') return { version: 2, point, root };
  if (type === 'cgroup' && options.includes(controller)) return { version: 1, point, root };
  return undefined;
}

/** In which version a line is of the hierarchy that has a controller; undefined when it is of another one. */
export function versionOf({ controllers }: CgroupLine, controller: string): 1 | 2 | undefined {
  if (controllers.includes(controller)) return 1;
  return controllers.length === 0 ? 2 : undefined;
}

/**
 * The directories of the cgroup that bears a container's ID, where a controller may have files in them.
 *
 * @param pids - processes of the container; the first that is there tells
 */
export async function ownDirectories(
  host: HostRoot,
  id: string,
  pids: readonly number[],
  controller: string,
): Promise<readonly string[]> {
  const mounts = await mountsOf(host, controller);
  if (!mounts.ok) return [];
  for (const pid of pids) {
    const lines = await cgroupsOf(host, pid);
    const own = lines.flatMap((line) => {
      const path = ownCgroup(line.path, id);
      if (path === undefined) return [];
      const shown = mounts.value.filter(({ version }) => version === versionOf(line, controller));
      return shown.flatMap((mount) => directoryIn(mount, path) ?? []);
    });
    if (own.length > 0) return own;
  }
  return [];
}

/** Where a cgroup's directory is below a mount; undefined when that mount does not show it. */
export function directoryIn(mount: HierarchyMount, path: string): string | undefined {
  // compared part by part and not made canonical: `/..` means a parent outside this cgroup namespace
  const [root, parts] = [mount.root, path].map((text) => text.split('/').filter((part) => part !== ''));
  if (root === undefined || parts === undefined) return undefined;
  if (root.some((part, index) => parts[index] !== part)) return undefined;
  const rest = parts.slice(root.length);
  return rest.includes('..') ? undefined : posix.join(mount.point, ...rest);
}
