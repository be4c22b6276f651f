import type { HostRoot } from './root.js';

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

/** A container's own cgroup, as its path names it. */
export interface NamedCgroup {
  readonly id: string;
  /** The path up to the part that bears the ID. */
  readonly own: string;
}

/**
 * The container that a cgroup belongs to, by the topmost part of its path that bears an ID: the ID alone (cgroupfs),
 * `cri-containerd-ID.scope`, `crio-ID.scope`, `docker-ID.scope` (systemd), `...slice:cri-containerd:ID` (a runtime
 * and a kubelet that disagree). Whatever is called so further down was made by the container itself, which may call it
 * after another. `crio-conmon-ID.scope` and `libpod-conmon-ID.scope` are those of the monitor, which is no part of the
 * container.
 *
 * @param outer - containers that the node itself is in, as one of kind is: they do not count
 * @param wanted - an ID that may have another length than the 64 hex digits that every engine makes
 */
export function namedCgroup(
  path: string,
  outer: ReadonlySet<string> = new Set(),
  wanted?: string,
): NamedCgroup | undefined {
  const parts = path.split('/');
  for (const [index, part] of parts.entries()) {
    const id = wanted !== undefined && isOf(part, wanted) ? wanted : idIn(part);
    if (id !== undefined && !outer.has(id)) return { id, own: parts.slice(0, index + 1).join('/') };
  }
  return undefined;
}

function idIn(part: string): string | undefined {
  const id = /(?:^|[-:])([0-9a-f]{64})(?:\.scope)?$/.exec(part)?.[1];
  return id !== undefined && isOf(part, id) ? id : undefined;
}

/** The containers that the first process of a node is in: none, unless the node is a container itself. */
export async function outerContainers(host: HostRoot): Promise<ReadonlySet<string>> {
  const paths = (await cgroupsOf(host, 1)).flatMap(({ path }) => path.split('/'));
  return new Set(paths.flatMap((part) => idIn(part) ?? []));
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

/** The cgroups of a process; none when it is gone, or not to be seen. */
export async function cgroupsOf(host: HostRoot, pid: number): Promise<readonly CgroupLine[]> {
  const text = await host.readText(`/proc/${pid}/cgroup`, MAX_CGROUP);
  return text.ok ? parseCgroups(text.value) : [];
}
