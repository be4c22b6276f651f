import type { Found } from '../host/found.js';
import type { HostRoot } from '../host/root.js';

/** One mount, from mountinfo (proc(5)). */
export interface MountFact {
  readonly device: string;
  /** Which directory of the file system is mounted; `/` for all of it. */
  readonly root: string;
  readonly point: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

const MAX_MOUNTS = 16 << 20;

/**
 * The host's mounts: those of its first process, which a pod that has the host's /proc sees too; of the process whose
 * root it is, where that is known.
 */
export async function readMounts(host: HostRoot): Promise<Found<readonly MountFact[]>> {
  const own = host.process === undefined ? [] : [`/proc/${host.process}/mountinfo`];
  const paths = host.isThisMachine
    ? ['/proc/self/mountinfo', '/proc/1/mountinfo']
    : [...own, '/proc/1/mountinfo', '/proc/mounts'];
  let last: Found<string> = { ok: false, reason: 'absent', why: 'no /proc' };
  for (const path of paths) {
    last = await host.readText(path, MAX_MOUNTS);
    if (last.ok) {
      return {
        ok: true,
        value: path.endsWith('mountinfo') ? parseMountInfo(last.value) : parseMounts(last.value),
      };
    }
  }
  return last;
}

/** Parses mountinfo: octal escapes in paths, optional fields up to the dash. */
export function parseMountInfo(text: string): readonly MountFact[] {
  const mounts: MountFact[] = [];
  for (const line of text.split('\n')) {
    const words = line.split(' ');
    const dash = words.indexOf('-', 6);
    if (dash < 0) continue;
    mounts.push({
      device: words[2] ?? '',
      root: decodeOctal(words[3] ?? ''),
      point: decodeOctal(words[4] ?? ''),
      type: words[dash + 1] ?? '',
      source: decodeOctal(words[dash + 2] ?? ''),
      options: [...(words[5] ?? '').split(','), ...(words[dash + 3] ?? '').split(',')],
    });
  }
  return mounts;
}

function parseMounts(text: string): readonly MountFact[] {
  return text
    .split('\n')
    .map((line) => line.split(' '))
    .filter((words) => words.length >= 4)
    .map(([source, point, type, options]) => ({
      device: '',
      root: '/',
      point: decodeOctal(point ?? ''),
      type: type ?? '',
      source: decodeOctal(source ?? ''),
      options: (options ?? '').split(','),
    }));
}

/** Undoes the kernel's octal escapes in paths. */
export function decodeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

/** The mount that a path lies on: the last of those with the longest mount point. */
export function mountOf(mounts: readonly MountFact[], path: string): MountFact | undefined {
  let found: MountFact | undefined;
  for (const mount of mounts) {
    const inside = mount.point === '/' || path === mount.point || path.startsWith(`${mount.point}/`);
    if (inside && mount.point.length >= (found?.point.length ?? 0)) found = mount;
  }
  return found;
}

const NETWORK = new Set([
  'nfs',
  'nfs4',
  'cifs',
  'smb3',
  'ceph',
  'glusterfs',
  '9p',
  'afs',
  'lustre',
  'beegfs',
]);

/** True for file systems whose bytes leave the machine. */
export function isNetwork(type: string): boolean {
  return NETWORK.has(type) || type.startsWith('fuse.') || type === 'fuse';
}

/** True for file systems that live in memory. */
export function isMemory(type: string): boolean {
  return type === 'tmpfs' || type === 'ramfs';
}
