import { posix } from 'node:path';
import type { Found } from '../host/found.js';
import type { HostRoot } from '../host/root.js';
import { type MountFact, mountOf } from './mounts.js';

/** A swap area, and whether what goes there is readable later from a disk. */
export interface SwapArea {
  readonly path: string;
  readonly type: string;
  readonly size: number;
  readonly used: number;
  /** `memory` for zram without a backing device; `unknown` when the device below cannot be looked at. */
  readonly protection: 'encrypted' | 'memory' | 'none' | 'unknown';
}

/** The swap areas in use, from /proc/swaps. */
export async function readSwaps(
  host: HostRoot,
  mounts: readonly MountFact[],
): Promise<Found<readonly SwapArea[]>> {
  const text = await host.readText('/proc/swaps', 1 << 20);
  if (!text.ok) return text;
  const areas: SwapArea[] = [];
  for (const line of text.value.split('\n').slice(1, 257)) {
    const [path, type, size, used] = line.trim().split(/\s+/);
    if (path === undefined || path === '' || type === undefined) continue;
    areas.push({
      path,
      type,
      size: Number(size ?? 0) * 1024,
      used: Number(used ?? 0) * 1024,
      protection: await protectionOf(host, path, type, mounts),
    });
  }
  return { ok: true, value: areas };
}

async function protectionOf(
  host: HostRoot,
  path: string,
  type: string,
  mounts: readonly MountFact[],
): Promise<SwapArea['protection']> {
  const source = type === 'file' ? mountOf(mounts, path)?.source : path;
  if (source === undefined || !source.startsWith('/dev/')) return type === 'file' ? 'unknown' : 'none';
  const device = await deviceName(host, source);
  if (device === undefined) return 'unknown';
  return deviceProtection(host, device, 0);
}

/** `/dev/mapper/x` is a link to `/dev/dm-N` on a machine; in a mere copy of a root it may be missing. */
async function deviceName(host: HostRoot, path: string): Promise<string | undefined> {
  if (/^\/dev\/[a-z0-9-]+$/i.test(path)) return posix.basename(path);
  const resolved = await host.resolve(path);
  return resolved.ok ? posix.basename(resolved.value) : undefined;
}

/** A device mapper device is encrypted when its UUID starts with CRYPT, or when all devices below it are. */
async function deviceProtection(
  host: HostRoot,
  device: string,
  depth: number,
): Promise<SwapArea['protection']> {
  if (device.startsWith('zram')) {
    const backing = await host.readText(`/sys/block/${device}/backing_dev`, 4096);
    return !backing.ok || backing.value.trim() === 'none' ? 'memory' : 'unknown';
  }
  const uuid = await host.readText(`/sys/block/${device}/dm/uuid`, 4096);
  if (uuid.ok && uuid.value.startsWith('CRYPT-')) return 'encrypted';
  if (!uuid.ok) return 'none';
  const below = await host.list(`/sys/block/${device}/slaves`);
  if (!below.ok || below.value.length === 0 || depth > 8) return 'none';
  for (const name of below.value) {
    if ((await deviceProtection(host, name, depth + 1)) !== 'encrypted') return 'none';
  }
  return 'encrypted';
}
