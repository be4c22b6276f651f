import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { JsonValue, TreeNode } from '../render/table.js';
import { identityPart, metadataPart, statisticsPart } from './inspect-container.js';
import { type InspectPart, type InspectSections, leaf } from './inspect-part.js';
import { processPart } from './inspect-processes.js';
import { ipcView } from './ipc.js';
import { mountsTree, mountsView } from './mounts.js';
import { networkView } from './network.js';
import { showRow } from './show.js';
import type { ViewOptions } from './view.js';

export type { InspectSections };

/** Everything that was asked for about a checkpoint, as one value and as a tree. */
export interface Inspection {
  readonly json: { readonly [key: string]: JsonValue };
  readonly tree: TreeNode;
}

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
  const parts: InspectPart[] = [identityPart(row, container)];
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
