import { posix } from 'node:path';
import { type MountFact, readMounts } from '../facts/mounts.js';
import { type CgroupLine, cgroupsOf, namedCgroup, outerContainers } from '../host/cgroup-names.js';
import type { Found } from '../host/found.js';
import type { HostRoot } from '../host/root.js';

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
  const outer = await outerContainers(host);
  for (const pid of pids) {
    const lines = await cgroupsOf(host, pid);
    const own = lines.flatMap((line) => {
      const named = namedCgroup(line.path, outer, id);
      if (named?.id !== id) return [];
      const shown = mounts.value.filter(({ version }) => version === versionOf(line, controller));
      return shown.flatMap((mount) => directoryIn(mount, named.own) ?? []);
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
