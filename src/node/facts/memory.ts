import type { HostRoot } from '../host/root.js';

/** Memory that could be taken without swapping, in bytes; undefined when /proc/meminfo does not tell. */
export async function availableMemory(host: HostRoot): Promise<number | undefined> {
  const text = await host.readText('/proc/meminfo', 1 << 16);
  const kib = text.ok ? /^MemAvailable:\s+(\d+) kB$/m.exec(text.value)?.[1] : undefined;
  return kib === undefined ? undefined : Number(kib) * 1024;
}
