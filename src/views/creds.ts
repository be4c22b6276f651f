import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { readCredentials, seccompMode } from '../checkpoint/credentials.js';
import type { Process } from '../checkpoint/process-list.js';
import type { TreeNode } from '../render/table.js';
import { type View, words } from './view.js';

export type CredsRow = {
  readonly pid: number;
  readonly comm: string;
  readonly uid: number | null;
  readonly euid: number | null;
  readonly suid: number | null;
  readonly fsuid: number | null;
  readonly gid: number | null;
  readonly egid: number | null;
  readonly sgid: number | null;
  readonly fsgid: number | null;
  readonly groups: readonly number[];
  readonly effective: readonly string[];
  readonly permitted: readonly string[];
  readonly inheritable: readonly string[];
  readonly bounding: readonly string[];
  readonly ambient: readonly string[];
  readonly securebits: readonly string[];
  readonly noNewPrivs: boolean;
  readonly seccomp: string;
  readonly lsm: string | null;
  readonly cgroups: readonly { readonly controller: string; readonly path: string }[];
  readonly namespaces: { readonly [type: string]: number };
  readonly hostNamespaces: readonly string[];
  readonly umask: string | null;
  readonly loginUid: number | null;
  readonly oomScoreAdj: number | null;
};

/** What each process may do: users, capabilities, seccomp, security module, namespaces, control groups. */
export const credsView: View<CredsRow> = {
  name: 'creds',
  summary: 'users, capabilities, seccomp, namespaces, cgroups',
  examples: [
    'coldcase creds checkpoint.tar --format tree',
    'coldcase creds checkpoint.tar --filter effective=CAP_SYS_ADMIN',
  ],
  tab: { title: 'rights', pages: ['process'], empty: 'none' },
  columns: [
    { key: 'pid', header: 'PID', align: 'right', about: 'process id' },
    { key: 'comm', header: 'COMM', squeeze: 1, about: 'what the process calls itself' },
    { key: 'uid', header: 'UID', align: 'right', about: 'real user id' },
    {
      key: 'euid',
      header: 'EUID',
      align: 'right',
      alert: ({ uid, euid }) => uid !== euid,
      about: 'effective user id',
    },
    { key: 'suid', header: 'SUID', align: 'right', wide: true, about: 'saved user id' },
    { key: 'fsuid', header: 'FSUID', align: 'right', wide: true, about: 'user id for file access' },
    { key: 'gid', header: 'GID', align: 'right', about: 'real group id' },
    { key: 'egid', header: 'EGID', align: 'right', wide: true, about: 'effective group id' },
    { key: 'sgid', header: 'SGID', align: 'right', wide: true, about: 'saved group id' },
    { key: 'fsgid', header: 'FSGID', align: 'right', wide: true, about: 'group id for file access' },
    { key: 'groups', header: 'GROUPS', wide: true, about: 'further groups' },
    { key: 'noNewPrivs', header: 'NNP', about: 'whether no_new_privs is set' },
    { key: 'seccomp', header: 'SECCOMP', about: 'disabled, strict or filter' },
    { key: 'lsm', header: 'LSM', squeeze: 2, about: 'SELinux label or AppArmor profile' },
    {
      key: 'effective',
      header: 'CAPABILITIES',
      squeeze: 3,
      text: ({ effective }) => short(effective),
      alert: ({ effective }) => effective.some((name) => STRONG.has(name)),
      about: 'effective capabilities',
    },
    {
      key: 'permitted',
      header: 'PERMITTED',
      wide: true,
      text: ({ permitted }) => short(permitted),
      about: 'permitted capabilities',
    },
    {
      key: 'inheritable',
      header: 'INHERITABLE',
      wide: true,
      text: ({ inheritable }) => short(inheritable),
      about: 'inheritable capabilities',
    },
    {
      key: 'bounding',
      header: 'BOUNDING',
      wide: true,
      text: ({ bounding }) => short(bounding),
      about: 'capabilities that it can still gain',
    },
    {
      key: 'ambient',
      header: 'AMBIENT',
      wide: true,
      text: ({ ambient }) => short(ambient),
      about: 'ambient capabilities',
    },
    { key: 'securebits', header: 'SECUREBITS', wide: true, about: 'securebits that are set' },
    { key: 'hostNamespaces', header: 'HOST NS', about: 'types of namespaces that it shares with the node' },
    {
      key: 'namespaces',
      header: 'NAMESPACES',
      wide: true,
      text: ({ namespaces }) =>
        Object.entries(namespaces)
          .map(([type, id]) => `${type}:${id}`)
          .join(' '),
      about: "CRIU's ids of its namespaces by type",
    },
    {
      key: 'cgroups',
      header: 'CGROUP',
      wide: true,
      text: (row) => cgroupText(row),
      about: 'controller and path of its control groups; the controller of the unified hierarchy is empty',
    },
    { key: 'umask', header: 'UMASK', wide: true, about: 'umask in octal' },
    {
      key: 'loginUid',
      header: 'LOGINUID',
      align: 'right',
      wide: true,
      about: 'user who logged in, for audit; null when not set',
    },
    { key: 'oomScoreAdj', header: 'OOM', align: 'right', wide: true, about: 'oom_score_adj' },
  ],
  async rows(checkpoint, { pid }) {
    const rows: CredsRow[] = [];
    for (const process of await checkpoint.select(pid)) rows.push(await credsRow(checkpoint, process));
    return rows;
  },
  tree: (rows) => rows.map(credsNode),
};

/** Capabilities that amount to root on the node, or nearly. */
const STRONG = new Set([
  'CAP_SYS_ADMIN',
  'CAP_SYS_MODULE',
  'CAP_SYS_PTRACE',
  'CAP_SYS_RAWIO',
  'CAP_BPF',
  'CAP_DAC_READ_SEARCH',
  'CAP_NET_ADMIN',
  'CAP_SYS_BOOT',
  'CAP_MAC_ADMIN',
  'CAP_CHECKPOINT_RESTORE',
]);
const NO_LOGIN = 0xffffffff;

async function credsRow(checkpoint: Checkpoint, process: Process): Promise<CredsRow> {
  const core = await process.core();
  const creds = readCredentials(core);
  const namespaces = await checkpoint.namespaces(process);
  const fs = await process.fs();
  const login = core?.tc?.loginuid;
  return {
    pid: process.pid,
    comm: process.comm,
    uid: creds?.uid ?? null,
    euid: creds?.euid ?? null,
    suid: creds?.suid ?? null,
    fsuid: creds?.fsuid ?? null,
    gid: creds?.gid ?? null,
    egid: creds?.egid ?? null,
    sgid: creds?.sgid ?? null,
    fsgid: creds?.fsgid ?? null,
    groups: creds?.groups ?? [],
    effective: creds?.effective ?? [],
    permitted: creds?.permitted ?? [],
    inheritable: creds?.inheritable ?? [],
    bounding: creds?.bounding ?? [],
    ambient: creds?.ambient ?? [],
    securebits: creds?.securebits ?? [],
    noNewPrivs: creds?.noNewPrivs ?? false,
    seccomp: seccompMode(core),
    lsm: creds?.lsm ?? null,
    cgroups: await checkpoint.cgroups(process),
    namespaces: Object.fromEntries(namespaces.map(({ type, id }) => [type, id])),
    hostNamespaces: namespaces.filter(({ shared }) => shared).map(({ type }) => type),
    umask: fs?.umask === undefined ? null : fs.umask.toString(8).padStart(4, '0'),
    loginUid: login === undefined || login === NO_LOGIN ? null : login,
    oomScoreAdj: core?.tc?.oom_score_adj ?? null,
  };
}

function short(names: readonly string[]): string {
  return names.map((name) => name.replace(/^CAP_/, '').toLowerCase()).join(' ');
}

function cgroupText({ cgroups }: CredsRow): string {
  const paths = [...new Set(cgroups.map(({ path }) => path))];
  return paths.join(' ');
}

function credsNode(row: CredsRow): TreeNode {
  const leaf = (label: string): TreeNode => ({ label, children: [] });
  const facts = [
    `uid ${row.uid} (effective ${row.euid}), gid ${row.gid} (effective ${row.egid}), groups ${row.groups.join(' ') || 'none'}`,
    `capabilities: ${short(row.effective) || 'none'}`,
    ...(row.ambient.length > 0 ? [`ambient: ${short(row.ambient)}`] : []),
    `seccomp ${row.seccomp}, no_new_privs ${row.noNewPrivs ? 'on' : 'off'}, LSM ${row.lsm ?? 'none'}`,
    `namespaces shared with the node: ${row.hostNamespaces.join(' ') || 'none'}`,
    `cgroup: ${cgroupText(row) || 'none'}`,
  ];
  return {
    label: words(`[${row.pid}]`, row.comm),
    children: row.uid === null ? [leaf('a zombie: none are left')] : facts.map(leaf),
  };
}
