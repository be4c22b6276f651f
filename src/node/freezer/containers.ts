import { posix } from 'node:path';
import {
  type CgroupLine,
  cgroupsOf,
  isContainerId,
  namedCgroup,
  outerContainers,
} from '../host/cgroup-names.js';
import { listPids } from '../host/processes.js';
import type { HostRoot } from '../host/root.js';
import { initPid } from './init-pid.js';
import { directoryIn, freezerMounts } from './mounts.js';

/** A container's processes, and the cgroups that they are in. */
export interface FoundContainer {
  readonly id: string;
  /** Ascending. */
  readonly pids: readonly number[];
  /** Each with the part of its path that bears the ID. */
  readonly cgroups: readonly (CgroupLine & { readonly own: string })[];
}

/** Everything in one cgroup that bears a container's ID. */
interface Claim {
  readonly pids: Set<number>;
  readonly cgroups: Map<string, CgroupLine & { readonly own: string }>;
}

/** The processes of a container, as they are now. */
export async function containerPids(host: HostRoot, id: string): Promise<readonly number[]> {
  return (await findContainers(host, id)).get(id)?.pids ?? [];
}

/**
 * The containers of the node, by the ID in their cgroups' names; with an ID that one only.
 *
 * A name is a claim that others can make too: a user who was given a part of the hierarchy, or a container that may
 * write to its own. So of several cgroups that bear an ID the one of the first process counts, as the OCI runtime
 * noted it; where that is not known, those in directories that nobody but root could make, below the kubelet's where
 * any is.
 */
export async function findContainers(
  host: HostRoot,
  wanted?: string,
): Promise<ReadonlyMap<string, FoundContainer>> {
  if (wanted !== undefined && !isContainerId(wanted)) return new Map();
  const outer = await outerContainers(host);
  const claims = new Map<string, Map<string, Claim>>();
  for (const pid of await listPids(host)) {
    for (const line of await cgroupsOf(host, pid)) {
      const named = namedCgroup(line.path, outer, wanted);
      if (named === undefined || (wanted !== undefined && named.id !== wanted)) continue;
      const { id, own } = named;
      const ofId = claims.get(id) ?? new Map<string, Claim>();
      claims.set(id, ofId);
      const claim = ofId.get(own) ?? { pids: new Set(), cgroups: new Map() };
      ofId.set(own, claim);
      claim.pids.add(pid);
      claim.cgroups.set(`${line.controllers.join()}:${line.path}`, { ...line, own });
    }
  }
  const found = new Map<string, FoundContainer>();
  for (const [id, ofId] of claims) {
    const its = await genuine(host, id, ofId);
    const pids = [...new Set(its.flatMap((claim) => [...claim.pids]))].sort((a, b) => a - b);
    if (pids.length > 0)
      found.set(id, { id, pids, cgroups: its.flatMap((claim) => [...claim.cgroups.values()]) });
  }
  return found;
}

async function genuine(
  host: HostRoot,
  id: string,
  claims: ReadonlyMap<string, Claim>,
): Promise<readonly Claim[]> {
  const first = await initPid(host, id);
  const known = [...claims.values()].filter(({ pids }) => first !== undefined && pids.has(first));
  if (known.length > 0) return known;
  const roots: (readonly [string, Claim])[] = [];
  for (const entry of claims) if (await isMadeByRoot(host, entry[0])) roots.push(entry);
  const pods = roots.filter(([own]) => own.split('/').some((part) => /(^|-)kubepods(\.slice)?$/.test(part)));
  return (pods.length > 0 ? pods : roots).map(([, claim]) => claim);
}

/**
 * Whether nobody but root, or this user, could make a cgroup there: in any hierarchy that freezes and shows it, the
 * directories above it belong to them. Its own may be another's: that of a container in a user namespace is.
 */
async function isMadeByRoot(host: HostRoot, own: string): Promise<boolean> {
  const mounts = await freezerMounts(host);
  for (const mount of mounts.ok ? mounts.value : []) {
    const directory = directoryIn(mount, own);
    if (directory === undefined) continue;
    for (let at = posix.dirname(directory); at.startsWith(`${mount.point}/`); at = posix.dirname(at)) {
      const facts = await host.stat(at);
      if (facts.ok && facts.value.uid !== 0 && facts.value.uid !== process.getuid?.()) return false;
    }
  }
  return true;
}
