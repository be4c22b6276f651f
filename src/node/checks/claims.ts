import { parseJson } from '../../base/json.js';
import { list, text } from '../../base/json-fields.js';
import { rootDirectory } from '../config/kubelet.js';
import { type ClaimedDevice, type PreparedClaim, preparedClaims } from '../paths/claims.js';
import { type Check, type Examination, type Patient, reporter } from './check.js';
import { containerSpec, podUid } from './manifest.js';

const { pass, warn, unknown } = reporter('container');

const ID = 'container.dra';
const WHY = 'a dynamic resource allocation claim gives the container devices, and CRIU knows only a few';
const REMEDY = 'expect CRIU to refuse, unless it has a plugin for that device';

/** Resource claims of the container: by its pod's manifest, and what the kubelet has prepared for them. */
export async function claimCheck(examination: Examination, patient: Patient): Promise<Check> {
  const { host, configuration } = examination;
  const path = `${rootDirectory(configuration)}/dra_manager_state`;
  const found = await host.readText(path);
  let prepared: readonly PreparedClaim[] | undefined = [];
  if (found.ok) {
    try {
      prepared = preparedClaims(path, parseJson(path, found.value));
    } catch {
      prepared = undefined; // said below: it is not what the kubelet writes
    }
    if (prepared === undefined) {
      return warn(ID, `${path} is not what the kubelet writes`, WHY, 'look at it: coldcase node paths');
    }
  }
  const unread = found.ok || found.reason === 'absent' ? '' : `; ${path}: ${found.why}`;
  const uid = podUid(patient.manifest) ?? specPodUid(patient);
  if (uid === undefined) {
    const any = prepared.length === 0 ? '' : `; on this node ${prepared.length} claims are prepared`;
    return unknown(
      ID,
      `the pod's UID is not known${any}${unread}`,
      WHY,
      'give the connection flags of capture',
    );
  }
  const ofPod = prepared.filter(
    ({ pods, namespace }) => pods.includes(uid) && namespace === patient.namespace,
  );
  if (patient.manifest === null) {
    if (ofPod.length > 0) {
      const names = ofPod.map((claim) => describe(claim, claim.devices)).join(', ');
      return warn(ID, `its pod has claims, perhaps for it: ${names}`, WHY, REMEDY);
    }
    return unread === ''
      ? pass(ID, 'no claim is prepared for its pod', WHY)
      : unknown(ID, unread.slice(2), WHY);
  }
  const wanted = wantedClaims(patient);
  if (wanted.length === 0) return pass(ID, 'no resource claims', WHY);
  const names = wanted.map(({ name, claim, request }) => {
    const state = ofPod.find((one) => one.name === claim);
    if (state === undefined)
      return `${name}${claim === undefined ? '' : ` (${claim})`}: not prepared${unread}`;
    const given = state.devices.filter(
      ({ requests }) =>
        request === undefined ||
        requests.length === 0 ||
        requests.some((one) => one === request || one.startsWith(`${request}/`)),
    );
    return `${name}: ${describe(state, given)}`;
  });
  return warn(ID, `it has resource claims: ${names.join(', ')}`, WHY, REMEDY);
}

function describe({ name }: PreparedClaim, devices: readonly ClaimedDevice[]): string {
  return `${name} gives ${devices.map((device) => device.name).join(' and ') || 'no devices'}`;
}

interface WantedClaim {
  readonly name: string;
  /** The ResourceClaim's own name; generated ones stand in the pod's status. */
  readonly claim: string | undefined;
  readonly request: string | undefined;
}

function wantedClaims({ manifest, container }: Patient): readonly WantedClaim[] {
  const named = (where: 'spec' | 'status', key: string, name: string): string | undefined =>
    text(
      list(manifest, where, key).find((one) => text(one, 'name') === name),
      'resourceClaimName',
    );
  return list(containerSpec(manifest, container) ?? null, 'resources', 'claims').map((claim) => {
    const name = text(claim, 'name') ?? '';
    return {
      name,
      claim: named('spec', 'resourceClaims', name) ?? named('status', 'resourceClaimStatuses', name),
      request: text(claim, 'request'),
    };
  });
}

/** The pod's UID as runtimes write it into the annotations of the OCI spec: containerd, CRI-O. */
export function specPodUid({ spec }: Patient): string | undefined {
  return (
    text(spec, 'annotations', 'io.kubernetes.cri.sandbox-uid') ??
    text(spec, 'annotations', 'io.kubernetes.pod.uid')
  );
}
