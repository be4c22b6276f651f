import { execFile } from 'node:child_process';
import { posix } from 'node:path';
import { promisify } from 'node:util';
import { ColdcaseError, NotFoundError, UsageError } from '../base/errors.js';
import type { JsonValue } from '../base/json.js';
import { list, text } from '../base/json-fields.js';
import type { Target } from '../kubelet/names.js';
import { getJson, type NodeApi } from './api.js';
import type { Examination, Patient } from './checks/check.js';
import { containerId } from './checks/manifest.js';
import { loadKubeletConfig, rootDirectory } from './config/kubelet.js';
import { NoAnswer } from './cri/client.js';
import { type CriContainer, findContainer } from './cri/runtime.js';
import { readContainer } from './facts/container.js';
import { readCriu } from './facts/criu.js';
import { readKernel } from './facts/kernel.js';
import { readMounts } from './facts/mounts.js';
import { installedPackages } from './facts/packages.js';
import { findSafeProgram } from './facts/programs.js';
import { type RuntimeFacts, readRuntime } from './facts/runtime.js';
import { readSwaps } from './facts/swap.js';
import { isContainerId } from './host/cgroup-names.js';
import type { HostRoot } from './host/root.js';

export interface ExamineOptions {
  readonly api: (NodeApi & { kubeletVersion(): Promise<string | undefined> }) | undefined;
  /** Why there is no API to ask. */
  readonly noApi: string | undefined;
  readonly target: Target | undefined;
  /** Where archives land, when it is not below the kubelet's root directory. */
  readonly checkpointDirectory?: string | undefined;
}

/** Gathers everything that the doctor's checks look at. Only reads. */
export async function examine(host: HostRoot, options: ExamineOptions): Promise<Examination> {
  const configuration = await loadKubeletConfig(host);
  const packages = await installedPackages(host);
  const mounts = await readMounts(host);
  const runtime = await readRuntime(host, configuration, packages, { probe: true });
  return {
    host,
    configuration,
    packages,
    kubeletVersion: await kubeletVersion(host, options.api, packages),
    kernel: await readKernel(host),
    mounts,
    swaps: await readSwaps(host, mounts.ok ? mounts.value : []),
    runtime,
    criu: await readCriu(host, runtime, packages, { check: true }),
    api: options.api,
    noApi: options.noApi,
    patient:
      options.target === undefined
        ? undefined
        : await findPatient(host, runtime, options.api, options.target),
    checkpointDirectory:
      options.checkpointDirectory ?? posix.join(rootDirectory(configuration), 'checkpoints'),
    now: new Date(),
  };
}

/** The kubelet's version: its own word, its program on this machine, its package. */
export async function kubeletVersion(
  host: HostRoot,
  api: ExamineOptions['api'],
  packages: ReadonlyMap<string, string> | undefined,
): Promise<Examination['kubeletVersion']> {
  const said = await api?.kubeletVersion();
  if (said !== undefined) return { text: said, from: api?.where ?? 'the API' };
  if (host.isThisMachine) {
    const program = await findSafeProgram(host, 'kubelet', [
      '/usr/bin',
      '/usr/local/bin',
      '/opt/bin',
      '/usr/sbin',
    ]);
    // what others than root could have put there is not run
    const safe = program?.obstacle === undefined ? program?.path : undefined;
    const version = safe === undefined ? undefined : await programVersion(safe);
    if (version !== undefined) return { text: version, from: `${safe} --version` };
  }
  const packaged = packages?.get('kubelet');
  return packaged === undefined ? undefined : { text: packaged, from: 'its package' };
}

async function programVersion(program: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(program, ['--version'], {
      timeout: 10_000,
      env: {},
      cwd: '/',
    });
    return /v?(\d+\.\d+\.\d+\S*)/.exec(stdout)?.[0];
  } catch {
    return undefined; // a kubelet that does not run here tells no version
  }
}

/** Finds the container that is meant, by the API and by the runtime, and looks at it through /proc. */
async function findPatient(
  host: HostRoot,
  runtime: RuntimeFacts,
  api: NodeApi | undefined,
  target: Target,
): Promise<Patient> {
  const problems: string[] = [];
  const manifest = api === undefined ? null : await findManifest(api, target, problems);
  const container = target.container ?? onlyContainer(manifest, target);
  const cri = await askCri(host, runtime, { ...target, container }, problems);
  const id = (manifest === null ? undefined : containerId(manifest, container)) ?? cri?.id;
  const facts = id === undefined || !isContainerId(id) ? undefined : await readContainer(host, id);
  if (id === undefined) problems.push('its ID is not known: neither the API nor the runtime could be asked');
  else if (facts === undefined)
    problems.push(`no process below this root's /proc belongs to ${id.slice(0, 12)}`);
  return {
    namespace: target.namespace,
    pod: target.pod,
    container,
    manifest,
    spec: cri?.spec ?? null,
    id: id !== undefined && isContainerId(id) ? id : undefined,
    facts,
    unseen: facts === undefined ? problems.join('; ') : undefined,
  };
}

async function findManifest(api: NodeApi, target: Target, problems: string[]): Promise<JsonValue> {
  try {
    if (api.via === 'api-server') {
      const [namespace, pod] = [target.namespace, target.pod].map(encodeURIComponent);
      const found = await getJson(api, `/api/v1/namespaces/${namespace}/pods/${pod}`);
      if (found !== undefined) return found;
    } else {
      const pods = await getJson(api, api.kubeletPath('pods'));
      const found = list(pods, 'items').find(
        (pod) =>
          text(pod, 'metadata', 'namespace') === target.namespace &&
          text(pod, 'metadata', 'name') === target.pod,
      );
      if (found !== undefined) return found;
      if (pods !== undefined) {
        throw new NotFoundError(`there is no pod ${target.namespace}/${target.pod} on this node`, {
          remedy: "a static pod's name ends in the node's name: kubectl get pods -A -o wide",
        });
      }
    }
    problems.push(`${api.where} does not show the pod`);
  } catch (error) {
    if (!(error instanceof ColdcaseError) || error instanceof NotFoundError) throw error;
    problems.push(error.message);
  }
  return null;
}

function onlyContainer(manifest: JsonValue, target: Target): string {
  const names = list(manifest, 'spec', 'containers').flatMap((one) => text(one, 'name') ?? []);
  const [only] = names;
  if (only !== undefined && names.length === 1) return only;
  throw new UsageError(`${target.namespace}/${target.pod} does not tell which container is meant`, {
    remedy: names.length === 0 ? 'name it: NAMESPACE/POD/CONTAINER' : `its containers: ${names.join(', ')}`,
  });
}

async function askCri(
  host: HostRoot,
  runtime: RuntimeFacts,
  target: { readonly namespace: string; readonly pod: string; readonly container: string },
  problems: string[],
): Promise<CriContainer | undefined> {
  const socket = await host.real(runtime.socket);
  if (runtime.answer === undefined || !socket.ok) return undefined;
  try {
    return await findContainer(socket.value, target);
  } catch (error) {
    if (!(error instanceof NoAnswer) && !(error instanceof RangeError)) throw error;
    problems.push(`${runtime.kind}: ${error.message}`);
    return undefined;
  }
}
