import type { JsonObject } from '../base/json.js';
import type { TreeNode } from '../render/table.js';

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

/** A part of what `inspect` answers: fields of its JSON, and branches of its tree, whichever is asked for. */
export interface InspectPart {
  json(): JsonObject;
  nodes(): readonly TreeNode[];
}

/** A branch with a line for each text; none when there are no lines. */
export function section(label: string, lines: readonly string[]): readonly TreeNode[] {
  return lines.length === 0 ? [] : [{ label, children: lines.map(leafNode) }];
}

export function leafNode(label: string): TreeNode {
  return { label, children: [] };
}
