import { formatSize } from '../base/units.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { View } from './view.js';

export type ShowRow = {
  readonly name: string | null;
  readonly image: string | null;
  readonly id: string | null;
  readonly runtime: string | null;
  readonly engine: string;
  readonly namespace: string | null;
  readonly pod: string | null;
  readonly created: string | null;
  readonly checkpointed: string | null;
  readonly checkpointSize: number;
  readonly memorySize: number;
  readonly rootFsDiffSize: number;
  readonly sealed: boolean;
  readonly archive: string;
};

/** What an archive is: one row, from the engine's files and the archive's index alone. */
export const showView: View<ShowRow> = {
  name: 'show',
  summary: 'what an archive is, one row each',
  examples: [
    'coldcase show /var/lib/kubelet/checkpoints/*.tar',
    'coldcase show evidence.tar.zst.age -i key.txt --json',
  ],
  archives: 'several',
  columns: [
    { key: 'name', header: 'CONTAINER', about: "the container's name" },
    { key: 'image', header: 'IMAGE', squeeze: 3, about: 'name of its image' },
    { key: 'id', header: 'ID', text: ({ id }) => id?.slice(0, 12) ?? '', about: 'its id' },
    { key: 'runtime', header: 'RUNTIME', squeeze: 2, about: 'the OCI runtime' },
    { key: 'engine', header: 'ENGINE', about: 'Podman, CRI-O, containerd or unknown' },
    { key: 'namespace', header: 'NAMESPACE', about: "the pod's namespace" },
    { key: 'pod', header: 'POD', squeeze: 1, about: "the pod's name" },
    { key: 'created', header: 'CREATED', about: 'when the container was made' },
    { key: 'checkpointed', header: 'CHECKPOINTED', about: 'when it was checkpointed' },
    {
      key: 'checkpointSize',
      header: 'SIZE',
      align: 'right',
      text: ({ checkpointSize }) => formatSize(checkpointSize),
      about: "bytes of CRIU's images",
    },
    {
      key: 'memorySize',
      header: 'MEMORY',
      align: 'right',
      wide: true,
      text: ({ memorySize }) => formatSize(memorySize),
      about: 'bytes of memory pages among them',
    },
    {
      key: 'rootFsDiffSize',
      header: 'ROOTFS',
      align: 'right',
      text: ({ rootFsDiffSize }) => formatSize(rootFsDiffSize),
      about: 'bytes of the archive of changed files',
    },
    { key: 'sealed', header: 'SEALED', wide: true, about: 'whether the archive is encrypted' },
    { key: 'archive', header: 'ARCHIVE', wide: true, about: 'path or URL of the archive' },
  ],
  async rows(checkpoint, { pid }) {
    if (pid !== undefined) await checkpoint.select(pid); // an archive without that process is not what was meant
    return [await showRow(checkpoint)];
  },
};

export async function showRow(checkpoint: Checkpoint): Promise<ShowRow> {
  const container = await checkpoint.container();
  const sizes = await checkpoint.sizes();
  return {
    name: container.name ?? null,
    image: container.image ?? null,
    id: container.id ?? null,
    runtime: container.runtime ?? null,
    engine: container.engine,
    namespace: container.namespace ?? null,
    pod: container.pod ?? null,
    created: container.created ?? null,
    checkpointed: container.checkpointed ?? null,
    checkpointSize: sizes.checkpoint,
    memorySize: sizes.memoryPages,
    rootFsDiffSize: sizes.rootFsDiff,
    sealed: checkpoint.archive.storage.encrypted,
    archive: checkpoint.archive.location,
  };
}
