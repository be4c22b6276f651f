import type { JsonObject } from '../base/json.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { TreeNode } from '../render/table.js';
import { identityPart, metadataPart, statisticsPart } from './inspect-container.js';
import { type InspectPart, type InspectSections, section } from './inspect-part.js';
import { processPart } from './inspect-processes.js';
import { ipcView } from './ipc.js';
import { mountsTree, mountsView } from './mounts.js';
import { networkView } from './network.js';
import { showRow } from './show.js';
import type { ViewOptions } from './view.js';

export type { InspectSections };

/** Everything that was asked for about a checkpoint, as one value or as a tree: made when it is asked for. */
export interface Inspection {
  json(): JsonObject;
  tree(): TreeNode;
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
    parts.push({
      json: () => ({ mounts }),
      nodes: () => [{ label: 'Mounts', children: mountsTree(mounts) }],
    });
  }
  if (sections.network === true) {
    const network = await networkView.rows(checkpoint, options);
    parts.push({
      json: () => ({ network }),
      nodes: () => [{ label: 'Network', children: networkView.tree?.(network) ?? [] }],
    });
  }
  if (sections.ipc === true) {
    const ipc = await ipcView.rows(checkpoint, options);
    const lines = ipc.map(({ kind, id, key, size }) => `${kind} ${id}, key ${key}, ${size}`);
    parts.push({ json: () => ({ ipc }), nodes: () => section('System V IPC', lines) });
  }
  return {
    json: () => Object.assign({}, ...parts.map((part) => part.json())),
    tree: () => ({ label: row.name ?? row.archive, children: parts.flatMap((part) => part.nodes()) }),
  };
}
