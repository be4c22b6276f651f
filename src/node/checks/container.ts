import { FormatError } from '../../base/errors.js';
import { parseJson } from '../../base/json.js';
import { field, flag, isObject } from '../../base/json-fields.js';
import type { ContainerFacts } from '../facts/container.js';
import { describeLoad, loadSize } from '../facts/dump-load.js';
import { atLeast } from '../facts/kernel.js';
import type { RuntimeKind } from '../facts/runtime-settings.js';
import { estimateFreeze, formatSpan } from '../freeze.js';
import { deviceManagerFile } from '../paths/catalogue.js';
import { heldDevices } from '../paths/state-files.js';
import { type Check, type Examination, type Patient, reporter } from './check.js';
import { claimCheck, specPodUid } from './claims.js';
import { frozenCheck } from './frozen.js';
import { containerSpec, podUid } from './manifest.js';

const { pass, warn, fail, unknown } = reporter('container');

const GPU = /^\/dev\/(nvidia|kfd|dri\/)/;

/** Devices, GPU, namespaces, terminal and memory of the container that is meant. */
export async function containerChecks(examination: Examination): Promise<readonly Check[]> {
  const { patient, runtime } = examination;
  const devices = await deviceManagerCheck(examination);
  const frozen = await frozenCheck(examination);
  if (patient === undefined) {
    return [
      frozen,
      devices,
      unknown(
        'container.facts',
        'no container was named',
        'what a container holds decides whether CRIU can dump it',
        'coldcase doctor NAMESPACE/POD/CONTAINER',
      ),
    ];
  }
  const { facts } = patient;
  if (facts === undefined) {
    return [
      frozen,
      devices,
      unknown(
        'container.facts',
        patient.unseen ?? 'its processes were not found',
        'what a container holds decides whether CRIU can dump it',
        'run as root on its node',
      ),
      await claimCheck(examination, patient),
    ];
  }
  return [
    pass(
      'container.facts',
      `${facts.pids.length} processes of ${facts.id.slice(0, 12)}`,
      'these are what is dumped',
    ),
    frozen,
    devices,
    deviceCheck(facts),
    await claimCheck(examination, patient),
    namespaceCheck(facts, patient),
    terminalCheck(facts, patient),
    memoryCheck(facts, runtime.kind),
    ...facts.problems.map((problem) =>
      unknown('container.seen', problem, 'what cannot be read may hold surprises', 'run as root'),
    ),
  ];
}

/** Devices that the kubelet's device manager handed out, and the device plugin API of this kubelet. */
async function deviceManagerCheck({
  host,
  configuration,
  patient,
  kubeletVersion,
}: Examination): Promise<Check> {
  const id = 'container.device-plugins';
  const why =
    'a device that a plugin handed out is state outside the process; CRIU knows only a few (AMD and NVIDIA GPUs by its plugins)';
  const old = atLeast(kubeletVersion?.text, '1.10');
  const api =
    old === undefined
      ? 'device plugin API v1beta1 (since Kubernetes 1.10; v1alpha1 before)'
      : old
        ? `device plugin API v1beta1 of kubelet ${kubeletVersion?.text ?? ''}; v1alpha1 is not supported`
        : `device plugin API v1alpha1 of kubelet ${kubeletVersion?.text ?? ''}; v1beta1 is not supported`;
  const path = await deviceManagerFile(host, configuration);
  const found = await host.readText(path);
  if (!found.ok) {
    if (found.reason === 'absent')
      return pass(id, `${api}; no device manager state, so no devices were handed out`, why);
    return unknown(id, `${path}: ${found.why}`, why, 'run as root');
  }
  try {
    const state = parseJson(path, found.value);
    if (!isObject(field(state, 'Data'))) throw new FormatError(path, undefined, 'no Data');
    const held = heldDevices(state);
    const uid = patient === undefined ? undefined : (podUid(patient.manifest) ?? specPodUid(patient));
    const own = held.filter(
      (entry) =>
        patient !== undefined &&
        entry.podUid === uid &&
        uid !== undefined &&
        entry.container === patient.container,
    );
    if (own.length > 0) {
      const names = own.map(({ resource, devices }) => `${resource} (${devices.length})`).join(', ');
      return fail(
        id,
        `this container holds ${names}`,
        why,
        'checkpoint it only with the CRIU plugin for that device, or expect a failure',
      );
    }
    const resources = [...new Set(held.map(({ resource }) => resource))].join(', ') || 'none';
    return pass(id, `${api}; handed out on this node: ${resources}`, why);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return warn(
      id,
      `${path} is not what the kubelet writes`,
      why,
      'look at the file; coldcase node paths shows it',
    );
  }
}

function deviceCheck(facts: ContainerFacts): Check {
  const id = 'container.devices';
  const why = 'CRIU cannot dump open devices, GPU memory, io_uring or performance counters';
  const gpu = facts.devices.filter((path) => GPU.test(path));
  if (gpu.length > 0) {
    return fail(
      id,
      `it uses a GPU: ${gpu.slice(0, 4).join(', ')}`,
      why,
      "CRIU's plugins cuda_plugin or amdgpu_plugin are needed on the node",
    );
  }
  const bad = [...facts.undumpable, ...facts.devices];
  if (bad.length > 0)
    return fail(
      id,
      `it holds ${bad.slice(0, 6).join(', ')}`,
      why,
      'end what uses them, or expect CRIU to refuse',
    );
  if (!facts.complete)
    return unknown(id, 'none seen, but not all processes could be looked into', why, 'run as root');
  return pass(id, 'no devices or descriptors that CRIU cannot dump', why);
}

function namespaceCheck(facts: ContainerFacts, { manifest }: Patient): Check {
  const id = 'container.namespaces';
  const why =
    'a namespace shared with the host is not part of the container; CRIU dumps it as external, or refuses';
  const wanted = ['hostNetwork', 'hostPID', 'hostIPC'].filter(
    (name) => flag(field(manifest, 'spec'), name) === true,
  );
  if (facts.hostNamespaces === undefined) {
    return unknown(id, "its namespaces may not be compared with the host's", why, 'run as root');
  }
  const shared = facts.hostNamespaces.filter((name) => name !== 'user' && name !== 'cgroup');
  if (shared.length === 0) return pass(id, "none but user and cgroup are the host's", why);
  const by = wanted.length === 0 ? '' : ` (${wanted.join(', ')})`;
  if (shared.includes('pid')) {
    return fail(
      id,
      `shares ${shared.join(', ')} with the host${by}`,
      why,
      "a container in the host's PID namespace is not known to checkpoint",
    );
  }
  return warn(
    id,
    `shares ${shared.join(', ')} with the host${by}`,
    why,
    "expect the archive to hold connections of the host's network namespace",
  );
}

function terminalCheck(facts: ContainerFacts, { manifest, container }: Patient): Check {
  const id = 'container.terminal';
  const why = 'runtimes restore a terminal badly, and CRIU may refuse one whose other end is outside';
  const asked = flag(containerSpec(manifest, container) ?? null, 'tty') === true;
  if (facts.terminal || asked)
    return warn(
      id,
      'its first process has a terminal (tty: true)',
      why,
      'the dump usually works; a restore needs a console',
    );
  return pass(id, 'no terminal', why);
}

function memoryCheck(facts: ContainerFacts, engine: RuntimeKind): Check {
  const why = 'all of this is written while the container is frozen, and is in the archive';
  const { load } = facts;
  const uncounted =
    load.changed.missing === null ? '' : `; changed files not counted: ${load.changed.missing}`;
  const size = `${describeLoad(load)}, so an archive of at least that${uncounted}`;
  const until = engine === 'containerd' || engine === 'cri-o' ? engine : 'the runtime';
  const { frozen } = estimateFreeze(load, engine);
  const found = `${size}; frozen for ${formatSpan(frozen)}, for ${until} thaws it only when that is copied, and the disk decides`;
  if (loadSize(load) > 16 * 2 ** 30)
    return warn(
      'container.memory',
      found,
      why,
      'capture asks for time by it; look at the watchdog and the space',
    );
  return pass('container.memory', found, why);
}

/** How long the container is frozen at worst, in milliseconds, for those who must compare with it. */
export function worstFreeze({ patient, runtime }: Examination): number | undefined {
  const { facts } = patient ?? {};
  return facts === undefined ? undefined : estimateFreeze(facts.load, runtime.kind).frozen.to;
}
