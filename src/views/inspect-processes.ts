import type { JsonValue } from '../base/json.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { groupBy } from '../checkpoint/memo.js';
import { type ProcessNode, processTree } from '../checkpoint/process-list.js';
import type { TreeNode } from '../render/table.js';
import { envView } from './env.js';
import { filesLabel, filesView } from './files.js';
import { type InspectPart, type InspectSections, section } from './inspect-part.js';
import { type PsRow, psLabel, psView } from './ps.js';
import { socketsLabel, socketsView } from './sockets.js';
import type { ViewOptions } from './view.js';

/** Processes, with their files and sockets below them. */
export async function processPart(
  checkpoint: Checkpoint,
  sections: InspectSections,
  options: ViewOptions,
): Promise<InspectPart> {
  const wanted = sections.psTree || sections.psTreeCmd || sections.psTreeEnv || options.pid !== undefined;
  const all = { note: options.note };
  if (!wanted && sections.files !== true && sections.sockets !== true)
    return { json: () => ({}), nodes: () => [] };
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
    json: () => ({
      ...(wanted
        ? { processes: roots.map((node) => processJson(node, sections.psTreeEnv === true ? env : undefined)) }
        : {}),
      ...(sections.files === true ? { files } : {}),
      ...(sections.sockets === true ? { sockets } : {}),
    }),
    nodes: () => [
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
