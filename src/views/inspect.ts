import { formatSize } from '../base/units.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { ContainerInfo } from '../checkpoint/container.js';
import type { DumpFacts } from '../checkpoint/dump.js';
import { groupBy } from '../checkpoint/memo.js';
import { type ProcessNode, processTree } from '../checkpoint/process-list.js';
import type { DumpStatistics } from '../checkpoint/stats.js';
import type { JsonValue, TreeNode } from '../render/table.js';
import { envView } from './env.js';
import { filesLabel, filesView } from './files.js';
import { ipcView } from './ipc.js';
import { mountsTree, mountsView } from './mounts.js';
import { networkView } from './network.js';
import { type PsRow, psLabel, psView } from './ps.js';
import { type ShowRow, showRow } from './show.js';
import { socketsLabel, socketsView } from './sockets.js';
import { jsonNumber, type ViewOptions } from './view.js';

/** What of a checkpoint to show; the container itself always is. */
export interface InspectSections {
  readonly stats?: boolean | undefined;
  readonly metadata?: boolean | undefined;
  /** The processes: by their names, with their arguments, with their environment. */
  readonly psTree?: boolean | undefined;
  readonly psTreeCmd?: boolean | undefined;
  readonly psTreeEnv?: boolean | undefined;
  readonly files?: boolean | undefined;
  readonly sockets?: boolean | undefined;
  readonly mounts?: boolean | undefined;
  readonly network?: boolean | undefined;
  readonly ipc?: boolean | undefined;
}

/** Everything that was asked for about a checkpoint, as one value and as a tree. */
export interface Inspection {
  readonly json: { readonly [key: string]: JsonValue };
  readonly tree: TreeNode;
}

type Part = { readonly json: { readonly [key: string]: JsonValue }; readonly nodes: readonly TreeNode[] };

/**
 * @throws NotFoundError when `pid` is asked for and there is no such process
 */
export async function inspect(
  checkpoint: Checkpoint,
  sections: InspectSections,
  options: ViewOptions,
): Promise<Inspection> {
  const row = await showRow(checkpoint);
  const container = await checkpoint.container();
  const parts: Part[] = [identityPart(row, container)];
  if (sections.stats === true) parts.push(statisticsPart(await checkpoint.statistics()));
  if (sections.metadata === true) parts.push(metadataPart(container, await checkpoint.dump()));
  parts.push(await processPart(checkpoint, sections, options));
  if (sections.mounts === true) {
    const mounts = await mountsView.rows(checkpoint, options);
    parts.push({ json: { mounts }, nodes: [{ label: 'Mounts', children: mountsTree(mounts) }] });
  }
  if (sections.network === true) {
    const network = await networkView.rows(checkpoint, options);
    parts.push({
      json: { network },
      nodes: [{ label: 'Network', children: networkView.tree?.(network) ?? [] }],
    });
  }
  if (sections.ipc === true) {
    const ipc = await ipcView.rows(checkpoint, options);
    const nodes = ipc.map(({ kind, id, key, size }) => leaf(`${kind} ${id}, key ${key}, ${size}`));
    parts.push({
      json: { ipc },
      nodes: ipc.length === 0 ? [] : [{ label: 'System V IPC', children: nodes }],
    });
  }
  return {
    json: Object.assign({}, ...parts.map(({ json }) => json)),
    tree: { label: row.name ?? row.archive, children: parts.flatMap(({ nodes }) => nodes) },
  };
}

function identityPart(row: ShowRow, container: ContainerInfo): Part {
  const facts: readonly (readonly [string, string | null | undefined])[] = [
    ['Archive', row.archive],
    ['Image', row.image],
    ['Image ID', container.imageId],
    ['ID', row.id],
    ['Runtime', row.runtime],
    ['Engine', row.engine],
    ['Namespace', row.namespace],
    ['Pod', row.pod],
    ['IP', container.addresses.join(', ')],
    ['MAC', container.macs.join(', ')],
    ['Created', row.created],
    ['Started', container.started],
    ['Checkpointed', row.checkpointed],
  ];
  return {
    json: {
      ...row,
      imageId: container.imageId ?? null,
      started: container.started ?? null,
      addresses: container.addresses,
      macs: container.macs,
      networks: container.networks.map((network) => ({
        name: network.name,
        interfaces: network.interfaces.map((device) => ({ ...device, mac: device.mac ?? null })),
      })),
    },
    nodes: [
      ...facts.flatMap(([name, value]) =>
        value === null || value === undefined || value === '' ? [] : leaf(`${name}: ${value}`),
      ),
      {
        label: `Checkpoint size: ${formatSize(row.checkpointSize)}`,
        children: [
          leaf(`Memory pages: ${formatSize(row.memorySize)}`),
          leaf(`Root file system changes: ${formatSize(row.rootFsDiffSize)}`),
        ],
      },
    ],
  };
}

function statisticsPart(statistics: DumpStatistics | undefined): Part {
  if (statistics === undefined)
    return { json: { statistics: null }, nodes: [leaf('CRIU dump statistics: none in the archive')] };
  const facts = [
    `Freezing time: ${milliseconds(statistics.freezingTime)}`,
    `Frozen time: ${milliseconds(statistics.frozenTime)}`,
    `Memory dump time: ${milliseconds(statistics.memdumpTime)}`,
    `Memory write time: ${milliseconds(statistics.memwriteTime)}`,
    `Pages scanned: ${statistics.pagesScanned}`,
    `Pages written: ${statistics.pagesWritten}`,
    `Pages in a parent checkpoint: ${statistics.pagesSkippedParent}`,
  ];
  const optional = (value: bigint | undefined): JsonValue => (value === undefined ? null : jsonNumber(value));
  return {
    json: {
      statistics: {
        freezingTime: statistics.freezingTime,
        frozenTime: statistics.frozenTime,
        memdumpTime: statistics.memdumpTime,
        memwriteTime: statistics.memwriteTime,
        pagesScanned: jsonNumber(statistics.pagesScanned),
        pagesWritten: jsonNumber(statistics.pagesWritten),
        pagesSkippedParent: jsonNumber(statistics.pagesSkippedParent),
        pagesLazy: jsonNumber(statistics.pagesLazy),
        sharedPagesScanned: optional(statistics.sharedPagesScanned),
        sharedPagesWritten: optional(statistics.sharedPagesWritten),
      },
    },
    nodes: [{ label: 'CRIU dump statistics', children: facts.map(leaf) }],
  };
}

/** CRIU measures in microseconds, and most of it takes milliseconds. */
function milliseconds(microseconds: number): string {
  return `${(microseconds / 1000).toFixed(microseconds < 10_000 ? 2 : 0)} ms`;
}

function metadataPart(container: ContainerInfo, dump: DumpFacts): Part {
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Pod UID', container.podUid],
    ['Sandbox ID', container.sandboxId],
    ['Restarts', container.attempt?.toString()],
    ['Hostname', container.hostname ?? dump.nodeNames.join(' ')],
    ['PID on the node', container.hostPid?.toString()],
    ['Log', container.logPath],
    ['Cgroup', container.spec?.cgroupsPath],
    ['Created by', container.createCommand.join(' ')],
    ['CRIU', dump.criuVersion],
    ['Kernel', dump.kernel],
    ['LSM', dump.lsm],
  ];
  const pairs = (label: string, map: ReadonlyMap<string, string>): readonly TreeNode[] =>
    map.size === 0 ? [] : [{ label, children: [...map].map(([name, value]) => leaf(`${name}: ${value}`)) }];
  return {
    json: {
      metadata: {
        podUid: container.podUid ?? null,
        sandboxId: container.sandboxId ?? null,
        attempt: container.attempt ?? null,
        hostname: container.hostname ?? dump.nodeNames[0] ?? null,
        hostPid: container.hostPid ?? null,
        logPath: container.logPath ?? null,
        cgroupsPath: container.spec?.cgroupsPath ?? null,
        createCommand: container.createCommand,
        criuVersion: dump.criuVersion ?? null,
        kernel: dump.kernel ?? null,
        lsm: dump.lsm ?? null,
        imageVersion: dump.imageVersion ?? null,
        runId: dump.runId ?? null,
        logComplaints: dump.complaints,
        checkpointedFrom: container.checkpointedFrom ?? null,
        annotations: Object.fromEntries(container.annotations),
        labels: Object.fromEntries(container.labels),
        deletedFiles: container.deletedFiles,
        bindMounts: container.bindMounts.map((mount) => ({ ...mount })),
      },
    },
    nodes: [
      {
        label: 'Metadata',
        children: [
          ...facts.flatMap(([name, value]) =>
            value === undefined || value === '' ? [] : leaf(`${name}: ${value}`),
          ),
          ...pairs('Annotations', container.annotations),
          ...pairs('Labels', container.labels),
          ...section('Errors and warnings in the log of the dump', dump.complaints),
          ...(container.deletedFiles.length === 0
            ? []
            : [{ label: 'Deleted files', children: container.deletedFiles.map(leaf) }]),
        ],
      },
    ],
  };
}

/** Processes, with their files and sockets below them. */
async function processPart(
  checkpoint: Checkpoint,
  sections: InspectSections,
  options: ViewOptions,
): Promise<Part> {
  const wanted = sections.psTree || sections.psTreeCmd || sections.psTreeEnv || options.pid !== undefined;
  const all = { note: options.note };
  if (!wanted && sections.files !== true && sections.sockets !== true) return { json: {}, nodes: [] };
  const forest = processTree(await psView.rows(checkpoint, all));
  const roots = options.pid === undefined ? forest : subtrees(forest, options.pid);
  if (options.pid !== undefined && roots.length === 0) await checkpoint.select(options.pid);
  const pids = new Set(flatten(roots).map(({ pid }) => pid));
  const of = <R extends { readonly pid: number | null }>(rows: readonly R[]): readonly R[] =>
    rows.filter(({ pid }) => (pid === null ? options.pid === undefined : pids.has(pid)));
  const files = sections.files === true ? of(await filesView.rows(checkpoint, all)) : [];
  const sockets = sections.sockets === true ? of(await socketsView.rows(checkpoint, all)) : [];
  const environment = sections.psTreeEnv === true ? of(await envView.rows(checkpoint, all)) : [];
  const environments = groupBy(environment, ({ pid }) => pid);
  const filesOf = groupBy(files, ({ pid }) => pid);
  const socketsOf = groupBy(sockets, ({ pid }) => pid);
  const below = ({ pid }: PsRow): readonly TreeNode[] => [
    ...section(
      'Environment',
      (environments.get(pid) ?? []).map(({ name, value }) => `${name}=${value}`),
    ),
    ...section('Open files', (filesOf.get(pid) ?? []).map(filesLabel)),
    ...section('Sockets', (socketsOf.get(pid) ?? []).map(socketsLabel)),
  ];
  const label = (row: PsRow): string =>
    sections.psTreeCmd || sections.psTreeEnv ? psLabel(row) : `[${row.pid}] ${row.comm}`;
  const orphans = sockets.filter(({ pid }) => pid === null).map(socketsLabel);
  const env = (pid: number): JsonValue =>
    (environments.get(pid) ?? []).map(({ name, value }) => ({ name, value }));
  return {
    json: {
      ...(wanted
        ? { processes: roots.map((node) => processJson(node, sections.psTreeEnv === true ? env : undefined)) }
        : {}),
      ...(sections.files === true ? { files } : {}),
      ...(sections.sockets === true ? { sockets } : {}),
    },
    nodes: [
      { label: 'Processes', children: roots.map((node) => processNode(node, label, below)) },
      ...section('Sockets that no process has open', orphans),
    ],
  };
}

function processNode(
  node: ProcessNode<PsRow>,
  label: (row: PsRow) => string,
  below: (row: PsRow) => readonly TreeNode[],
): TreeNode {
  return {
    label: label(node.item),
    children: [...below(node.item), ...node.children.map((child) => processNode(child, label, below))],
  };
}

function processJson(node: ProcessNode<PsRow>, env: ((pid: number) => JsonValue) | undefined): JsonValue {
  return {
    ...node.item,
    ...(env === undefined ? {} : { environment: env(node.item.pid) }),
    children: node.children.map((child) => processJson(child, env)),
  };
}

function subtrees(nodes: readonly ProcessNode<PsRow>[], pid: number): readonly ProcessNode<PsRow>[] {
  return nodes.flatMap((node) => (node.item.pid === pid ? [node] : subtrees(node.children, pid)));
}

function flatten(nodes: readonly ProcessNode<PsRow>[], into: PsRow[] = []): readonly PsRow[] {
  for (const { item, children } of nodes) {
    into.push(item);
    flatten(children, into);
  }
  return into;
}

function section(label: string, lines: readonly string[]): readonly TreeNode[] {
  return lines.length === 0 ? [] : [{ label, children: lines.map(leaf) }];
}

function leaf(label: string): TreeNode {
  return { label, children: [] };
}
