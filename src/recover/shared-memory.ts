import { sliceSource } from '../bytes/slice.js';
import type { ByteSource } from '../bytes/source.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { Extra } from '../criu/extra.js';
import type { CriuImage } from '../criu/image.js';
import type { MemoryImages } from '../criu/memory.js';
import type { PageLayer } from '../criu/page-layers.js';
import type { IpcShmEntry } from '../criu/schema/ipc.js';
import type { Holders } from './holders.js';
import { type Recovered, safeName, safePath } from './recovered.js';
import { layerRuns, layerSource, requireSize } from './sources.js';

/** memfds, and the anonymous memory that processes share, which the kernel and CRIU keep in the same way. */
export async function* memfds(checkpoint: Checkpoint, holders: Holders): AsyncGenerator<Recovered> {
  const { files, memfds: inodes } = await checkpoint.fileTable();
  const images = await checkpoint.memory();
  const pageSize = await pageSizeOf(checkpoint, images);
  for (const inode of inodes.values()) {
    const layer = await images.sharedPages(inode.shmid, pageSize);
    if (layer === undefined) continue;
    const ids = [...files.values()].flatMap(({ id, memfd }) =>
      memfd !== undefined && BigInt(memfd.inode_id) === inode.inode_id ? [id] : [],
    );
    const shared = inode.name === '/dev/zero';
    yield {
      kind: shared ? 'shared-memory' : 'memfd',
      name: shared ? `anonymous shared memory ${inode.inode_id}` : inode.name,
      ...contents(layer, requireSize(inode.size, 'memfd.img'), inode.name),
      ...{ mode: (inode.mode ?? 0) & 0o7777, owner: { uid: inode.uid, gid: inode.gid }, mtime: undefined },
      holders: holders.ofFiles(ids),
      image: `pagemap-shmem-${inode.shmid}.img`,
      path: shared ? `shared-memory/${inode.inode_id}` : `memfd/${inode.inode_id}-${safeName(inode.name)}`,
    };
  }
}

/** System V shared memory, attached or not. */
export async function* sysvSegments(checkpoint: Checkpoint, holders: Holders): AsyncGenerator<Recovered> {
  const images = await checkpoint.memory();
  const pageSize = await pageSizeOf(checkpoint, images);
  for (const namespace of await checkpoint.images.numbers('ipcns-shm-')) {
    const name = `ipcns-shm-${namespace}`;
    const image = await checkpoint.images.open('IPCNS_SHM', name);
    for await (const { value, extra } of image?.entries() ?? []) {
      const size = requireSize(value.size, name);
      const label = `key 0x${value.desc.key.toString(16)}, id ${value.desc.id}`;
      const stored = await segmentContents(images, pageSize, image, value, size, extra);
      if (stored === undefined) continue;
      yield {
        ...{ kind: 'sysv-shm', name: label, ...descriptor(value), mtime: undefined, ...stored },
        holders: holders.ofSegment(value.desc.id),
        path: safePath('sysv-shm', `${value.desc.id}`),
      };
    }
  }
}

/** A segment's contents: in a pagemap, or in the image itself in checkpoints of CRIU before 3.0. */
async function segmentContents(
  images: MemoryImages,
  pageSize: number,
  image: CriuImage<'IPCNS_SHM'> | undefined,
  { desc, in_pagemaps }: IpcShmEntry,
  size: number,
  extra: Extra | undefined,
): Promise<(Contents & { readonly image: string }) | undefined> {
  const name = `segment ${desc.id}`;
  if (in_pagemaps === true) {
    const layer = await images.sharedPages(desc.id, pageSize);
    if (layer === undefined) return undefined;
    return { ...contents(layer, size, name), image: `pagemap-shmem-${desc.id}.img` };
  }
  if (image === undefined || extra?.kind !== 'bytes') return undefined;
  const { offset } = extra.data;
  const open = (): ByteSource => sliceSource(image.source, offset, size, name);
  return { size, runs: undefined, open, image: image.name };
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
