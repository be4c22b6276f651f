import { openNested } from '../archive/select.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { Holders } from './holders.js';
import { type Recovered, safePath } from './recovered.js';

const TMPFS_IMAGE = /^tmpfs-dev-(\d+)\.tar\.gz$/;
/** Where podman keeps the contents of /dev/shm. */
const DEV_SHM = 'devshm-checkpoint.tar';

/**
 * Files on the tmpfs of the container. CRIU packs those that it is to restore (tmpfs-dev-DEVICE.tar.gz.img); podman
 * packs /dev/shm itself. One archive that makes no sense is reported; the others are read all the same.
 */
export async function* tmpfsFiles(
  checkpoint: Checkpoint,
  holders: Holders,
  report: (error: unknown) => void,
): AsyncGenerator<Recovered> {
  const folder = await checkpoint.images.folder();
  for (const { name } of await checkpoint.archive.entries()) {
    const image = name.startsWith(folder) && name.endsWith('.img') ? name.slice(folder.length, -4) : '';
    const device = TMPFS_IMAGE.exec(image)?.[1];
    if (device === undefined && name !== DEV_SHM) continue;
    try {
      const mountpoint = device === undefined ? '/dev/shm' : await mountedAt(checkpoint, Number(device));
      yield* filesOf(checkpoint, holders, name, mountpoint);
    } catch (error) {
      report(error);
    }
  }
}

/** Where the tmpfs of a device is mounted; `tmpfs DEVICE` when no mount says. */
async function mountedAt(checkpoint: Checkpoint, device: number): Promise<string> {
  for (const namespace of await checkpoint.images.numbers('mountpoints-')) {
    const mounts = await checkpoint.images.entries('MNTS', `mountpoints-${namespace}`);
    const mount = mounts.find(({ root_dev, root }) => root_dev === device && root === '/');
    if (mount !== undefined) return mount.mountpoint;
  }
  return `tmpfs ${device}`;
}

async function* filesOf(
  checkpoint: Checkpoint,
  holders: Holders,
  name: string,
  mountpoint: string,
): AsyncGenerator<Recovered> {
  const inner = await openNested(checkpoint.archive, name);
  const files = await filesByPath(checkpoint);
  for (const entry of await inner.entries()) {
    if (entry.type !== 'file') continue;
    const path = `${mountpoint === '/' ? '' : mountpoint}/${entry.name}`;
    yield {
      kind: mountpoint === '/dev/shm' ? 'posix-shm' : 'tmpfs-file',
      ...{ name: path, size: entry.size, mode: entry.mode, mtime: entry.mtime, runs: entry.sparse },
      owner: { uid: entry.uid, gid: entry.gid },
      holders: holders.ofFiles(files.get(path) ?? []),
      image: name,
      path: safePath('tmpfs', path),
      open: () => inner.open(entry),
    };
  }
}

/** Ids of open files by path. */
async function filesByPath(checkpoint: Checkpoint): Promise<ReadonlyMap<string, readonly number[]>> {
  const { files, remaps } = await checkpoint.fileTable();
  const byPath = new Map<string, number[]>();
  for (const { id, reg } of files.values()) {
    if (reg === undefined || remaps.has(id)) continue;
    byPath.set(reg.name, [...(byPath.get(reg.name) ?? []), id]);
  }
  return byPath;
}
