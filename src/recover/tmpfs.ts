import { openNested } from '../archive/select.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { once } from '../checkpoint/memo.js';
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
  const points = once(() => mountpoints(checkpoint));
  const byPath = once(() => filesByPath(checkpoint));
  for (const { name } of await checkpoint.archive.entries()) {
    const image = name.startsWith(folder) && name.endsWith('.img') ? name.slice(folder.length, -4) : '';
    const device = TMPFS_IMAGE.exec(image)?.[1];
    if (device === undefined && name !== DEV_SHM) continue;
    try {
      const mounted = device === undefined ? '/dev/shm' : (await points()).get(Number(device));
      yield* filesOf(checkpoint, holders, name, mounted ?? `tmpfs ${device}`, await byPath());
    } catch (error) {
      report(error);
    }
  }
}

/** Where tmpfs are mounted, by device. */
async function mountpoints(checkpoint: Checkpoint): Promise<ReadonlyMap<number, string>> {
  const byDevice = new Map<number, string>();
  for (const namespace of await checkpoint.images.numbers('mountpoints-')) {
    for (const mount of await checkpoint.images.entries('MNTS', `mountpoints-${namespace}`)) {
      const known = byDevice.has(mount.root_dev);
      if (mount.root === '/' && !known) byDevice.set(mount.root_dev, mount.mountpoint);
    }
  }
  return byDevice;
}

async function* filesOf(
  checkpoint: Checkpoint,
  holders: Holders,
  name: string,
  mountpoint: string,
  files: ReadonlyMap<string, readonly number[]>,
): AsyncGenerator<Recovered> {
  const inner = await openNested(checkpoint.archive, name);
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
    const ids = byPath.get(reg.name);
    if (ids === undefined) byPath.set(reg.name, [id]);
    else ids.push(id);
  }
  return byPath;
}
