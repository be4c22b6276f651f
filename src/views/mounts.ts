import { hostPathOf, type Mount } from '../checkpoint/mounts.js';
import { processTree } from '../checkpoint/process-list.js';
import type { TreeNode } from '../render/table.js';
import { type View, words } from './view.js';

export type MountsRow = {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly root: string | null;
  readonly options: readonly string[];
  readonly hostPath: string | null;
  readonly id: number | null;
  readonly parent: number | null;
  readonly device: string | null;
  readonly shared: number | null;
  readonly master: number | null;
  readonly external: string | null;
  readonly namespace: number | null;
  readonly specType: string | null;
  readonly specSource: string | null;
};

/** Mounts as the kernel had them, with what the engine had asked for at the same place. */
export const mountsView: View<MountsRow> = {
  name: 'mounts',
  summary: 'mounts',
  examples: [
    'coldcase mounts checkpoint.tar --format tree',
    "coldcase mounts checkpoint.tar --filter 'hostPath~.'",
  ],
  tab: { title: 'mounts', pages: ['mounts'], empty: 'no mounts in this archive' },
  columns: [
    { key: 'destination', header: 'DESTINATION', squeeze: 1, about: 'where it is mounted' },
    { key: 'type', header: 'TYPE', about: 'file system' },
    { key: 'source', header: 'SOURCE', squeeze: 2, about: 'source as the kernel has it' },
    { key: 'root', header: 'ROOT', squeeze: 4, about: 'which directory or file of the file system' },
    {
      key: 'hostPath',
      header: 'HOST PATH',
      squeeze: 3,
      alert: ({ hostPath }) => hostPath !== null && SENSITIVE.test(hostPath),
      about: 'path on the node, of bind mounts in the OCI spec',
    },
    {
      key: 'options',
      header: 'OPTIONS',
      squeeze: 5,
      text: ({ options }) => options.join(','),
      about: 'mount options',
    },
    {
      key: 'id',
      header: 'ID',
      align: 'right',
      wide: true,
      about: 'mount id; null for mounts that only the OCI spec has',
    },
    {
      key: 'parent',
      header: 'PARENT',
      align: 'right',
      wide: true,
      about: 'id of the mount that it is mounted on',
    },
    { key: 'device', header: 'DEVICE', wide: true, about: 'major:minor' },
    {
      key: 'shared',
      header: 'SHARED',
      align: 'right',
      wide: true,
      about: 'peer group that it propagates to',
    },
    {
      key: 'master',
      header: 'MASTER',
      align: 'right',
      wide: true,
      about: 'peer group that it receives from',
    },
    {
      key: 'external',
      header: 'EXTERNAL',
      wide: true,
      about: 'name under which the engine provides it on restore',
    },
    {
      key: 'namespace',
      header: 'NAMESPACE',
      align: 'right',
      wide: true,
      about: "CRIU's id of the mount namespace",
    },
    { key: 'specType', header: 'SPEC TYPE', wide: true, about: 'type in the OCI spec' },
    { key: 'specSource', header: 'SPEC SOURCE', wide: true, about: 'source in the OCI spec' },
  ],
  async rows(checkpoint, { pid }) {
    const mounts = await checkpoint.mounts();
    if (pid === undefined) return mounts.map(mountsRow);
    const [process] = await checkpoint.select(pid);
    const namespace = (await process?.ids())?.mnt_ns_id;
    return mounts.filter((mount) => mount.namespace === namespace).map(mountsRow);
  },
  tree: (rows) => mountsTree(rows),
};

/** Paths of the node whose mounting into a container gives the node away. */
const SENSITIVE =
  /^\/(|proc|sys|dev|etc|root|boot|run|var\/run|var\/lib\/kubelet|run\/containerd\/containerd\.sock|.*\.sock)$/;

/** Mounts under the mounts that they are mounted on. */
export function mountsTree(rows: readonly MountsRow[]): readonly TreeNode[] {
  const items = rows.map((row, index) => ({
    row,
    pid: row.id ?? -1 - index,
    ppid: row.parent ?? Number.NaN,
  }));
  const node = ({
    item,
    children,
  }: ReturnType<typeof processTree<(typeof items)[number]>>[number]): TreeNode => ({
    label: mountsLabel(item.row),
    children: children.map(node),
  });
  return processTree(items).map(node);
}

function mountsLabel(row: MountsRow): string {
  const origin = row.hostPath === null ? row.source : `${row.hostPath} of the node`;
  return `${words(row.destination, row.type, `from ${origin}`)} (${row.options.filter((option) => !option.includes('=')).join(',')})`;
}

function mountsRow(mount: Mount): MountsRow {
  return {
    destination: mount.destination,
    type: mount.type,
    source: mount.source,
    root: mount.root ?? null,
    options: mount.options,
    hostPath: hostPathOf(mount) ?? null,
    id: mount.id ?? null,
    parent: mount.parent ?? null,
    device: mount.device ?? null,
    shared: mount.shared ?? null,
    master: mount.master ?? null,
    external: mount.external ?? null,
    namespace: mount.namespace ?? null,
    specType: mount.asked?.type ?? null,
    specSource: mount.asked?.source ?? null,
  };
}
