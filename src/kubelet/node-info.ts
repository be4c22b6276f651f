import { fields, text } from './json.js';

/** What the API server knows of a node (v1.NodeSystemInfo and metadata). Untrusted text; null where it is silent. */
export interface NodeInfo {
  readonly name: string | null;
  readonly kubeletVersion: string | null;
  readonly containerRuntimeVersion: string | null;
  readonly kernelVersion: string | null;
  readonly osImage: string | null;
  readonly architecture: string | null;
  readonly bootID: string | null;
}

export function parseNode(value: unknown): NodeInfo {
  const node = fields(value);
  const info = fields(fields(node['status'])['nodeInfo']);
  const one = (key: string): string | null => text(info[key]) || null;
  return {
    name: text(fields(node['metadata'])['name']) ?? null,
    kubeletVersion: one('kubeletVersion'),
    containerRuntimeVersion: one('containerRuntimeVersion'),
    kernelVersion: one('kernelVersion'),
    osImage: one('osImage'),
    architecture: one('architecture'),
    bootID: one('bootID'),
  };
}
