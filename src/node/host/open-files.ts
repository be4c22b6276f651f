import type { HostRoot } from './root.js';

const MAX_DESCRIPTORS = 65_536;

/** Whether a process has a file open, or one in a directory. False where its descriptors may not be seen. */
export async function holdsOpen(host: HostRoot, pid: number, path: string): Promise<boolean> {
  const names = await host.list(`/proc/${pid}/fd`);
  for (const name of names.ok ? names.value.slice(0, MAX_DESCRIPTORS) : []) {
    const link = await host.readLink(`/proc/${pid}/fd/${name}`);
    if (link.ok && (link.value === path || link.value.startsWith(`${path}/`))) return true;
  }
  return false;
}
