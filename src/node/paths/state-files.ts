import { FormatError } from '../../base/errors.js';
import { type JsonValue, parseJson } from '../../base/json.js';
import { field, isObject, list, object, text } from '../../base/json-fields.js';
import type { PathRole } from './catalogue.js';

export interface ParsedState {
  readonly content: JsonValue;
  readonly problems: readonly string[];
}

/** Parses a state file by its role; what does not parse is a problem of the file, not an error. */
export function parseState(role: PathRole, path: string, bytes: Buffer): ParsedState {
  if (role !== 'state' && role !== 'device manager state' && role !== 'image record') {
    return { content: null, problems: [] };
  }
  try {
    const value = parseJson(path, bytes.toString('utf8'));
    if (role === 'device manager state') return { content: deviceState(value), problems: [] };
    if (role === 'image record') return { content: imageRecord(value), problems: [] };
    return { content: unwrap(path, value), problems: [] };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return { content: null, problems: ['is not the JSON that the kubelet writes'] };
  }
}

/**
 * The kubelet's checkpoint manager writes some states as JSON text inside JSON: `{"data": "...", "checksum": N}`
 * (allocated_pods_state, actuated_pods_state, dra_manager_state); others (cpu_manager_state) as they are.
 */
function unwrap(path: string, value: JsonValue): JsonValue {
  const inner = text(value, 'data') ?? text(value, 'Data');
  return inner === undefined ? value : parseJson(path, inner);
}

/** A device that a container holds, from device-plugins/kubelet_internal_checkpoint. */
export interface HeldDevices {
  readonly podUid: string;
  readonly container: string;
  readonly resource: string;
  readonly devices: readonly string[];
}

/** The device manager's checkpoint: which container holds which devices, and what is registered. */
function deviceState(value: JsonValue): JsonValue {
  const held = heldDevices(value).map((entry) => ({ ...entry }));
  return { held, registered: field(value, 'Data', 'RegisteredDevices') ?? {} };
}

/** The containers' devices; device numbers are keyed by NUMA node since Kubernetes 1.20, a plain list before. */
export function heldDevices(value: JsonValue): readonly HeldDevices[] {
  return list(value, 'Data', 'PodDeviceEntries').map((entry) => {
    const ids = field(entry, 'DeviceIDs');
    const lists = isObject(ids) ? Object.values(ids) : [ids ?? []];
    return {
      podUid: text(entry, 'PodUID') ?? '',
      container: text(entry, 'ContainerName') ?? '',
      resource: text(entry, 'ResourceName') ?? '',
      devices: lists.flatMap((item) => list(item)).filter((id) => typeof id === 'string'),
    };
  });
}

/** An image pull record without the hashes of its credentials. */
function imageRecord(value: JsonValue): JsonValue {
  return {
    kind: text(value, 'kind') ?? null,
    image: text(value, 'imageRef') ?? text(value, 'image') ?? null,
    lastUpdatedTime: text(value, 'lastUpdatedTime') ?? null,
    images: Object.keys(object(value, 'credentialMapping')),
  };
}
