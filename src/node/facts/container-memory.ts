import type { HostRoot } from '../host/root.js';
import { cgroupMemory } from './cgroup-memory.js';

/** Memory of a container that a dump writes. Bytes. */
export interface ContainerMemory {
  /** Anonymous and shared pages, huge ones among them, and what is swapped out. */
  readonly size: number;
  readonly swapped: number;
}

export { containerPids } from '../freezer/containers.js';

/**
 * What a dump of a container has to write: the larger of what its processes have mapped and what its cgroup is charged
 * with. Processes count what a fork shares as often as CRIU writes it; a cgroup has what no process has mapped. Neither
 * tells what of it is in a volume in memory, which is not dumped: so it may be too much, and not too little.
 *
 * @param pids - its processes
 */
export async function containerMemory(
  host: HostRoot,
  id: string,
  pids: readonly number[],
): Promise<ContainerMemory> {
  const mapped = await mappedMemory(host, pids);
  const charged = await cgroupMemory(host, id, pids);
  return {
    size: Math.max(mapped.size, charged?.size ?? 0),
    swapped: Math.max(mapped.swapped, charged?.swapped ?? 0),
  };
}

/**
 * By the processes. CRIU writes the private pages of every process, those that a fork still shares too, but shared
 * memory only once: of several processes each counts its part (Pss_Shmem of smaps_rollup), where the kernel tells. Of
 * huge pages it tells no such part, so that those that several have count once, as the largest.
 */
async function mappedMemory(host: HostRoot, pids: readonly number[]): Promise<ContainerMemory> {
  let size = 0;
  let swapped = 0;
  let sharedHuge = 0;
  for (const pid of pids) {
    const status = await statusFields(host, pid);
    const [shared, huge] = [kib(status, 'RssShmem'), kib(status, 'HugetlbPages')];
    const several = shared + huge > 0 && pids.length > 1;
    const parts = several ? await fieldsOf(host, `/proc/${pid}/smaps_rollup`) : new Map<string, string>();
    swapped += kib(status, 'VmSwap');
    size += kib(status, 'RssAnon') + kib(status, 'VmSwap');
    size += parts.has('Pss_Shmem') ? kib(parts, 'Pss_Shmem') : shared;
    size += parts.has('Private_Hugetlb') ? kib(parts, 'Private_Hugetlb') : huge;
    sharedHuge = Math.max(sharedHuge, kib(parts, 'Shared_Hugetlb'));
  }
  return { size: size + sharedHuge, swapped };
}

/** The fields of /proc/PID/status; none when the process is gone or not ours to look at. */
export async function statusFields(host: HostRoot, pid: number): Promise<ReadonlyMap<string, string>> {
  return fieldsOf(host, `/proc/${pid}/status`);
}

async function fieldsOf(host: HostRoot, path: string): Promise<ReadonlyMap<string, string>> {
  const text = await host.readText(path, 1 << 16);
  const fields = new Map<string, string>();
  for (const line of text.ok ? text.value.split('\n') : []) {
    const at = line.indexOf(':');
    if (at > 0) fields.set(line.slice(0, at), line.slice(at + 1).trim());
  }
  return fields;
}

function kib(fields: ReadonlyMap<string, string>, key: string): number {
  return Number(/^(\d+) kB$/.exec(fields.get(key) ?? '')?.[1] ?? 0) * 1024;
}
