import { sliceSource } from '../bytes/slice.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { groupBy } from '../checkpoint/memo.js';
import type { Extra } from '../criu/extra.js';
import { requireSize } from '../criu/ghost-file.js';
import type { CriuImage } from '../criu/image.js';
import type { MemoryImages } from '../criu/memory.js';
import type { PageLayer } from '../criu/page-layers.js';
import type { IpcShmEntry } from '../criu/schema/ipc.js';
import type { Holders } from './holders.js';
import { type Recovered, safeName, safePath } from './recovered.js';
import { layerRuns, layerSource } from './sources.js';

/** memfds, and the anonymous memory that processes share, which the kernel and CRIU keep in the same way. */
export async function* memfds(checkpoint: Checkpoint, holders: Holders): AsyncGenerator<Recovered> {
  const folder = await checkpoint.images.folder();
  const { files, memfds: inodes } = await checkpoint.fileTable();
  const images = await checkpoint.memory();
  const pageSize = await pageSizeOf(checkpoint, images);
  const held = groupBy(
    [...files.values()].filter(({ memfd }) => memfd !== undefined),
    ({ memfd }) => BigInt(memfd?.inode_id ?? 0),
  );
  for (const inode of inodes.values()) {
    const layer = await images.sharedPages(inode.shmid, pageSize);
    if (layer === undefined) continue;
    const ids = held.get(inode.inode_id)?.map(({ id }) => id) ?? [];
    const shared = inode.name === '/dev/zero';
    yield {
      kind: shared ? 'shared-memory' : 'memfd',
      name: shared ? `anonymous shared memory ${inode.inode_id}` : inode.name,
      ...contents(layer, requireSize(inode.size, 'memfd.img'), inode.name),
      // images of older releases do not have it
      mode: inode.mode === undefined ? undefined : inode.mode & 0o7777,
      ...{ owner: { uid: inode.uid, gid: inode.gid }, mtime: undefined },
      holders: holders.ofFiles(ids),
      image: `${folder}pagemap-shmem-${inode.shmid}.img`,
      path: shared ? `shared-memory/${inode.inode_id}` : `memfd/${inode.inode_id}-${safeName(inode.name)}`,
    };
  }
}

/** System V shared memory, attached or not. */
export async function* sysvSegments(checkpoint: Checkpoint, holders: Holders): AsyncGenerator<Recovered> {
  const folder = await checkpoint.images.folder();
  const images = await checkpoint.memory();
  const pageSize = await pageSizeOf(checkpoint, images);
  for (const namespace of await checkpoint.images.numbers('ipcns-shm-')) {
    const name = `ipcns-shm-${namespace}`;
    const image = await checkpoint.images.open('IPCNS_SHM', name);
    if (image === undefined) continue;
    for await (const { value, extra } of image.entries()) {
      const { desc, in_pagemaps } = value;
      const size = requireSize(value.size, name);
      const label = `key 0x${desc.key.toString(16)}, id ${desc.id}`;
      const layer = in_pagemaps === true ? await images.sharedPages(desc.id, pageSize) : undefined;
      const stored = layer === undefined ? within(image, extra, label) : contents(layer, size, label);
      if (stored === undefined) continue;
      yield {
        ...{ kind: 'sysv-shm', name: label, ...descriptor(value), mtime: undefined, ...stored },
        holders: holders.ofSegment(desc.id),
        image: folder + (layer === undefined ? `${name}.img` : `pagemap-shmem-${desc.id}.img`),
        path: safePath('sysv-shm', `${desc.id}`),
      };
    }
  }
}

/** The contents of a segment in the image itself, where CRIU before 3.0 put them; undefined when there are none. */
function within(image: CriuImage, extra: Extra | undefined, name: string): Contents | undefined {
  if (extra?.kind !== 'bytes' || extra.data.length === 0) return undefined;
  const { offset, length } = extra.data;
  return { size: length, runs: undefined, open: () => sliceSource(image.source, offset, length, name) };
}

type Contents = Pick<Recovered, 'size' | 'runs' | 'open'>;

function contents(layer: PageLayer, size: number, name: string): Contents {
  return { size, runs: layerRuns(layer, size), open: () => layerSource(layer, size, name) };
}

type Descriptor = Pick<Recovered, 'mode' | 'owner'>;

function descriptor({ desc }: IpcShmEntry): Descriptor {
  return { mode: desc.mode & 0o777, owner: { uid: desc.uid, gid: desc.gid } };
}

/** The page size that the processes of the checkpoint have. */
async function pageSizeOf(checkpoint: Checkpoint, images: MemoryImages): Promise<number> {
  for (const process of await checkpoint.processes()) {
    if ((await process.mm()) !== undefined) return (await images.process(process.pid)).space.pageSize;
  }
  return 4096;
}
