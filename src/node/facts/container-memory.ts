import type { HostRoot } from '../host/root.js';

/** Memory of a container that a dump writes. Bytes. */
export interface ContainerMemory {
  /** Anonymous and shared pages, and what is swapped out. */
  readonly size: number;
  readonly swapped: number;
}

export { containerPids } from '../freezer/cgroups.js';

/**
 * What a dump of these processes has to write. CRIU writes the private pages of every process, those that a fork
 * still shares too, but shared memory only once: of several processes each counts its part (Pss_Shmem of
 * smaps_rollup), where the kernel tells.
 */
export async function containerMemory(host: HostRoot, pids: readonly number[]): Promise<ContainerMemory> {
  let size = 0;
  let swapped = 0;
  for (const pid of pids) {
    const status = await statusFields(host, pid);
    const shared = kib(status, 'RssShmem');
    const part = shared > 0 && pids.length > 1 ? await sharedPart(host, pid) : undefined;
    swapped += kib(status, 'VmSwap');
    size += kib(status, 'RssAnon') + (part ?? shared) + kib(status, 'VmSwap');
  }
  return { size, swapped };
}

async function sharedPart(host: HostRoot, pid: number): Promise<number | undefined> {
  const rollup = await host.readText(`/proc/${pid}/smaps_rollup`, 1 << 16);
  const part = rollup.ok ? /^Pss_Shmem:\s+(\d+) kB$/m.exec(rollup.value)?.[1] : undefined;
  return part === undefined ? undefined : Number(part) * 1024;
}

/** The fields of /proc/PID/status; none when the process is gone or not ours to look at. */
export async function statusFields(host: HostRoot, pid: number): Promise<ReadonlyMap<string, string>> {
  const text = await host.readText(`/proc/${pid}/status`, 1 << 16);
  const fields = new Map<string, string>();
  for (const line of text.ok ? text.value.split('\n') : []) {
    const at = line.indexOf(':');
    if (at > 0) fields.set(line.slice(0, at), line.slice(at + 1).trim());
  }
  return fields;
}

function kib(status: ReadonlyMap<string, string>, key: string): number {
  return Number(/^(\d+) kB$/.exec(status.get(key) ?? '')?.[1] ?? 0) * 1024;
}
