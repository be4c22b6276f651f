import { type JsonValue, parseJson } from '../../base/json.js';
import { entries, field, list, text } from '../../base/json-fields.js';

/** A resource claim that the kubelet has prepared, from dra_manager_state. */
export interface PreparedClaim {
  readonly namespace: string;
  readonly name: string;
  /** UIDs of the pods that use it. */
  readonly pods: readonly string[];
  readonly devices: readonly ClaimedDevice[];
}

/** A device of a claim, and the requests of the claim that it answers; none stand for all. */
export interface ClaimedDevice {
  /** `driver/pool/device`, untrusted text. */
  readonly name: string;
  readonly requests: readonly string[];
}

/**
 * The claims of dra_manager_state: since Kubernetes 1.32 JSON text in `Data` that holds them as
 * `ClaimInfoStateList`, later `Entries`; before, `entries` of the file itself (pkg/kubelet/cm/dra/state). Undefined
 * when it is none of these.
 *
 * @throws FormatError when `Data` is no JSON
 */
export function preparedClaims(path: string, state: JsonValue): readonly PreparedClaim[] | undefined {
  const inner = text(state, 'Data') ?? text(state, 'data');
  const value = inner === undefined ? state : parseJson(path, inner);
  const key = ['Entries', 'ClaimInfoStateList', 'entries'].find((name) => field(value, name) !== undefined);
  if (key === undefined) return undefined;
  return list(value, key).map((claim) => ({
    namespace: text(claim, 'Namespace') ?? '',
    name: text(claim, 'ClaimName') ?? '',
    pods: entries(claim, 'PodUIDs').map(([uid]) => uid),
    devices: entries(claim, 'DriverState').flatMap(([driver, state]) =>
      list(state, 'Devices').map((device) => ({
        name: `${driver}/${text(device, 'PoolName') ?? '?'}/${text(device, 'DeviceName') ?? '?'}`,
        requests: list(device, 'RequestNames').filter((one) => typeof one === 'string'),
      })),
    ),
  }));
}
