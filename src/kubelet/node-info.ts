import type { JsonValue } from '../base/json.js';
import { object, text } from '../base/json-fields.js';

/** What tells one machine from another. Untrusted text; null where nobody tells. */
export interface MachineIds {
  /** The kernel's id of this boot (random(4)), the same in all containers of a machine. */
  readonly bootID: string | null;
  /** machine-id(5); copies of a disk have the same, and a container may have one of its own. */
  readonly machineID: string | null;
  /** The firmware's UUID of the machine. */
  readonly systemUUID: string | null;
}

/** What the API server knows of a node (v1.NodeSystemInfo and metadata). Untrusted text; null where it is silent. */
export interface NodeInfo extends MachineIds {
  readonly name: string | null;
  readonly kubeletVersion: string | null;
  readonly containerRuntimeVersion: string | null;
  readonly kernelVersion: string | null;
  readonly osImage: string | null;
  readonly architecture: string | null;
}

export function parseNode(value: JsonValue): NodeInfo {
  const info = object(value, 'status', 'nodeInfo');
  const one = (key: string): string | null => text(info[key]) || null;
  return {
    name: text(value, 'metadata', 'name') ?? null,
    kubeletVersion: one('kubeletVersion'),
    containerRuntimeVersion: one('containerRuntimeVersion'),
    kernelVersion: one('kernelVersion'),
    osImage: one('osImage'),
    architecture: one('architecture'),
    bootID: one('bootID'),
    machineID: one('machineID'),
    systemUUID: one('systemUUID'),
  };
}

/** The same out of cAdvisor's metrics, whose `machine_*` carry it as labels; undefined when they do not. */
export function machineOfMetrics(metrics: string): MachineIds | undefined {
  const labels = /^machine_cpu_cores\{([^}\n]{1,1000})\}/m.exec(metrics)?.[1];
  if (labels === undefined) return undefined;
  const one = (key: string): string | null =>
    new RegExp(`(?:^|,)${key}="([^"\\n]{1,200})"`).exec(labels)?.[1] ?? null;
  return { bootID: one('boot_id'), machineID: one('machine_id'), systemUUID: one('system_uuid') };
}
