import { posix } from 'node:path';
import { ownDirectories } from '../freezer/mounts.js';
import type { HostRoot } from '../host/root.js';

/** What a container's own cgroup is charged with of what a dump writes, in bytes. */
export interface CgroupMemory {
  readonly size: number;
  readonly swapped: number;
}

/**
 * Anonymous and shared memory, huge pages and what is swapped out, as the container's cgroup accounts for it: that has
 * what no process has mapped, too, such as a memfd, an unattached System V segment or a tmpfs of its own. Page cache is
 * not dumped. Version 1 has the sums of the whole tree as `total_*`, version 2 has nothing else.
 *
 * @returns undefined where its cgroup is not to be seen
 */
export async function cgroupMemory(
  host: HostRoot,
  id: string,
  pids: readonly number[],
): Promise<CgroupMemory | undefined> {
  let found: CgroupMemory | undefined;
  for (const directory of await ownDirectories(host, id, pids, 'memory')) {
    const text = await host.readText(posix.join(directory, 'memory.stat'), 1 << 16);
    if (!text.ok) continue; // of both versions the one that has no memory controller
    const stat = new Map(text.value.split('\n').map((line) => splitLine(line)));
    const swapped =
      stat.get('total_swap') ?? (await number(host, posix.join(directory, 'memory.swap.current'))) ?? 0;
    const anonymous = stat.get('total_rss') ?? stat.get('anon') ?? 0;
    const shared = stat.get('total_shmem') ?? stat.get('shmem') ?? 0;
    found = { size: anonymous + shared + swapped, swapped };
    break;
  }
  if (found === undefined) return undefined;
  return { ...found, size: found.size + (await hugePages(host, id, pids)) };
}

/** Huge pages of every size: they are no part of memory.stat. */
async function hugePages(host: HostRoot, id: string, pids: readonly number[]): Promise<number> {
  let most = 0;
  for (const directory of await ownDirectories(host, id, pids, 'hugetlb')) {
    const names = await host.list(directory);
    let sum = 0;
    for (const name of names.ok ? names.value : []) {
      if (!/^hugetlb\.\w+\.(usage_in_bytes|current)$/.test(name)) continue;
      sum += (await number(host, posix.join(directory, name))) ?? 0;
    }
    most = Math.max(most, sum);
  }
  return most;
}

function splitLine(line: string): [string, number] {
  const [key = '', value = ''] = line.split(' ');
  return [key, Number(value)];
}

async function number(host: HostRoot, path: string): Promise<number | undefined> {
  const text = await host.readText(path, 64);
  return text.ok && /^\d+\n?$/.test(text.value) ? Number(text.value) : undefined;
}
