import { ColdcaseError } from '../../base/errors.js';
import { formatTime } from '../../base/units.js';
import type { ApiAnswer } from '../api.js';
import { setting } from '../config/kubelet.js';
import { atLeast } from '../facts/kernel.js';
import { type Check, type Examination, reporter } from './check.js';

const { pass, warn, fail, unknown } = reporter('API');

const WHY_GATE = 'the checkpoint call exists only behind the feature gate ContainerCheckpoint';
const WHY_REACH = 'without the API there is no checkpoint';
const WHY_RIGHT =
  'a checkpoint needs the right to create nodes/checkpoint (through the API server: nodes/proxy)';
const DAY = 86_400_000;

/** A pod that cannot exist: a name may not start with a dash. Asking for its checkpoint does nothing. */
const NOBODY = ['checkpoint', 'coldcase-doctor', '-no-such-pod-', 'none'] as const;

/** Reachable, credentials, the feature gate, the right to checkpoint. */
export async function apiChecks(examination: Examination): Promise<readonly Check[]> {
  const { api } = examination;
  const gate = gateCheck(examination);
  if (api === undefined) {
    const why = examination.noApi ?? 'no credentials';
    return [
      unknown(
        'api.reachable',
        why,
        WHY_REACH,
        'give the connection flags of capture, or run as root on the node',
      ),
      gate,
      unknown('api.right', 'not asked: there is no connection', WHY_RIGHT),
    ];
  }
  const reach = await ask(() => api.request('GET', api.kubeletPath('healthz')));
  const checks: Check[] = [reachCheck(reach, api.where), ...certificateCheck(examination)];
  if (!reach.ok) return [...checks, gate, unknown('api.right', 'not asked: no connection', WHY_RIGHT)];
  const probe = await ask(() => api.request('POST', api.kubeletPath(...NOBODY)));
  return [...checks, ...probeChecks(probe, examination, gate)];
}

type Asked =
  | { readonly ok: true; readonly answer: ApiAnswer }
  | { readonly ok: false; readonly error: ColdcaseError };

async function ask(call: () => Promise<ApiAnswer>): Promise<Asked> {
  try {
    return { ok: true, answer: await call() };
  } catch (error) {
    if (error instanceof ColdcaseError) return { ok: false, error };
    throw error;
  }
}

function reachCheck(reach: Asked, where: string): Check {
  if (!reach.ok) {
    const remedy = reach.error.remedy ?? 'check that the kubelet runs, its port and the flags';
    return fail('api.reachable', reach.error.message, WHY_REACH, remedy);
  }
  const { status, body } = reach.answer;
  if (status === 200)
    return pass('api.reachable', `${where} answers, healthz: ${body.trim().slice(0, 60)}`, WHY_REACH);
  if (status === 401) {
    return fail(
      'api.reachable',
      `${where} does not accept the credentials (401)`,
      WHY_REACH,
      "use credentials that this kubelet's client CA has signed, or a token",
    );
  }
  if (status === 403)
    return pass('api.reachable', `${where} answers (healthz itself is not allowed)`, WHY_REACH);
  return warn(
    'api.reachable',
    `${where} answers healthz with ${status}`,
    WHY_REACH,
    "look at the kubelet's log",
  );
}

function certificateCheck({ api, now }: Examination): readonly Check[] {
  const why = 'credentials that end during an incident stop it';
  if (api === undefined) return [];
  const ends = api.credentialsEnd;
  if (ends === undefined) return [pass('api.credentials', `${api.credentials}`, why)];
  const left = ends.getTime() - now.getTime();
  const found = `${api.credentials}, valid until ${formatTime(ends)}`;
  if (left < 0)
    return [
      fail(
        'api.credentials',
        found,
        why,
        'renew them: kubeadm certs renew for a certificate, kubectl create token for a token',
      ),
    ];
  if (left < 7 * DAY) return [warn('api.credentials', found, why, 'renew them soon')];
  return [pass('api.credentials', found, why)];
}

function probeChecks(probe: Asked, examination: Examination, gate: Check): readonly Check[] {
  if (!probe.ok) return [gate, unknown('api.right', probe.error.message, WHY_RIGHT)];
  const { status, body } = probe.answer;
  const said = body.trim().slice(0, 200);
  if (status === 401) {
    return [gate, fail('api.right', 'not authenticated (401)', WHY_RIGHT, 'use other credentials')];
  }
  if (status === 403) {
    const resource = examination.api?.via === 'api-server' ? 'nodes/proxy' : 'nodes/checkpoint';
    const remedy = `grant create on ${resource} to this user with a ClusterRole and a ClusterRoleBinding`;
    return [gate, fail('api.right', said, WHY_RIGHT, remedy)];
  }
  if (status === 404 && said === '404 page not found') {
    return [
      fail(
        'api.gate',
        'the kubelet has no checkpoint call',
        WHY_GATE,
        'set featureGates: {ContainerCheckpoint: true} and restart the kubelet; it exists since 1.25',
      ),
      unknown('api.right', 'allowed to ask, but there is no checkpoint call', WHY_RIGHT),
    ];
  }
  if (status !== 404 || isStatusObject(said)) {
    // the kubelet answers 404 in plain text for a pod that is not there; others did not get so far as to ask it
    const found = `the question came back with ${status}: ${said}`;
    return [gate, unknown('api.right', found, WHY_RIGHT, "check the node's name and that its kubelet runs")];
  }
  const allowed = 'a checkpoint of a pod that cannot exist was not refused for lack of rights';
  return [
    pass('api.gate', 'the kubelet has the checkpoint call', WHY_GATE),
    pass('api.right', `${allowed} (${status}: ${said})`, WHY_RIGHT),
  ];
}

/** An API server speaks for itself in a Status object, such as when it does not know the node. */
function isStatusObject(body: string): boolean {
  return /^\{.*"kind":\s*"Status"/s.test(body);
}

/** The gate by version and configuration: alpha and off since 1.25, beta and on since 1.30. */
export function gateCheck({ configuration, kubeletVersion }: Examination): Check {
  const set = setting(configuration, 'featureGates', 'ContainerCheckpoint');
  const version =
    kubeletVersion === undefined ? 'its version is not known' : `kubelet ${kubeletVersion.text}`;
  const remedy =
    "set featureGates: {ContainerCheckpoint: true} in the kubelet's configuration and restart it";
  const known = atLeast(kubeletVersion?.text, '1.25');
  if (known === false) {
    return fail(
      'api.gate',
      `${version} has no checkpoint API`,
      WHY_GATE,
      'Kubernetes 1.25 or later is needed',
    );
  }
  if (set === false)
    return fail('api.gate', 'ContainerCheckpoint is false in the configuration', WHY_GATE, remedy);
  if (set === true)
    return pass('api.gate', `ContainerCheckpoint is true in the configuration (${version})`, WHY_GATE);
  const on = atLeast(kubeletVersion?.text, '1.30');
  if (on === undefined) {
    return unknown(
      'api.gate',
      `ContainerCheckpoint is not set, and ${version}`,
      WHY_GATE,
      'on by default since 1.30, off from 1.25 to 1.29',
    );
  }
  const all = setting(configuration, 'featureGates', on ? 'AllBeta' : 'AllAlpha');
  const by = all === undefined ? 'by default' : `by ${on ? 'AllBeta' : 'AllAlpha'}`;
  const enabled = typeof all === 'boolean' ? all : on;
  if (enabled) return pass('api.gate', `ContainerCheckpoint is on ${by} (${version})`, WHY_GATE);
  return fail('api.gate', `ContainerCheckpoint is off ${by} (${version})`, WHY_GATE, remedy);
}
