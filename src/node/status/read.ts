import { networkInterfaces } from 'node:os';
import { ColdcaseError } from '../../base/errors.js';
import { getJson, type NodeApi } from '../api.js';
import { thresholdBytes } from '../checks/space.js';
import { type KubeletConfiguration, kubeletFlag, rootDirectory, setting } from '../config/kubelet.js';
import { readKernel } from '../facts/kernel.js';
import { readMounts } from '../facts/mounts.js';
import { readSwaps } from '../facts/swap.js';
import type { HostRoot } from '../host/root.js';
import { parseEnvironmentFile } from '../host/unit-command.js';
import { describeLabel } from './labels.js';
import { describeNode, type NodeStatus, type SwapReport } from './report.js';

/** What the local reading needs beyond the host: facts that others have found out already. */
export interface LocalFacts {
  readonly kubeletVersion: string | undefined;
  readonly runtimeVersion: string | undefined;
  readonly now: Date;
}

/** The node's name: `--hostname-override`, else the host's name, in lower case as the kubelet has it. */
export async function nodeName(
  host: HostRoot,
  configuration: KubeletConfiguration,
): Promise<string | undefined> {
  const override = kubeletFlag(configuration, 'hostname-override')?.value;
  if (override !== undefined && override !== '') return override.toLowerCase();
  for (const path of ['/proc/sys/kernel/hostname', '/etc/hostname']) {
    const found = await host.readText(path, 4096);
    if (found.ok && found.value.trim() !== '') return found.value.trim().toLowerCase();
  }
  return undefined;
}

/** The node's status: from the API server when there is one, else what the node itself can tell. */
export async function readStatus(
  host: HostRoot,
  configuration: KubeletConfiguration,
  api: NodeApi | undefined,
  facts: LocalFacts,
): Promise<NodeStatus> {
  const problems: string[] = [];
  if (api?.via === 'api-server' && api.node !== undefined) {
    try {
      const name = encodeURIComponent(api.node);
      const node = await getJson(api, `/api/v1/nodes/${name}`);
      if (node !== undefined) {
        const lease = await getJson(
          api,
          `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${name}`,
        );
        const swap = await readSwap(host, configuration);
        return describeNode(node, lease, `API server ${api.where}`, facts.now, swap);
      }
      problems.push(`${api.where} does not show the node ${api.node}`);
    } catch (error) {
      if (!(error instanceof ColdcaseError)) throw error;
      problems.push(error.message);
    }
  }
  return localStatus(host, configuration, facts, problems);
}

async function localStatus(
  host: HostRoot,
  configuration: KubeletConfiguration,
  facts: LocalFacts,
  problems: readonly string[],
): Promise<NodeStatus> {
  const name = (await nodeName(host, configuration)) ?? '';
  const { capacity, allocatable } = await resources(host, configuration);
  return {
    name,
    from: 'this node',
    labels: localLabels(configuration, name, await architecture(host)).map((label) => ({ ...label })),
    taints: [],
    unschedulable: null,
    addresses: localAddresses(host, configuration, name),
    conditions: [],
    capacity,
    allocatable,
    info: await localInfo(host, facts),
    lease: null,
    swap: await readSwap(host, configuration),
    notKnown: [
      ...problems,
      'conditions, taints and the lease: only the API server knows them (--kubeconfig, --node)',
      'labels: those that were added through the API are missing here',
    ],
  };
}

async function readSwap(host: HostRoot, configuration: KubeletConfiguration): Promise<SwapReport> {
  const mounts = await readMounts(host);
  const swaps = await readSwaps(host, mounts.ok ? mounts.value : []);
  const behavior = setting(configuration, 'memorySwap', 'swapBehavior');
  return {
    capacity: swaps.ok ? swaps.value.reduce((sum, { size }) => sum + size, 0) : null,
    areas: swaps.ok ? swaps.value.map((area) => ({ ...area })) : null,
    behavior: typeof behavior === 'string' && behavior !== '' ? behavior : 'NoSwap',
    failSwapOn: setting(configuration, 'failSwapOn') !== false,
  };
}

function localLabels(
  configuration: KubeletConfiguration,
  name: string,
  arch: string | null,
): ReturnType<typeof describeLabel>[] {
  const given = kubeletFlag(configuration, 'node-labels')?.value ?? '';
  const labels = given.split(',').flatMap((pair) => {
    const at = pair.indexOf('=');
    return at > 0 ? [describeLabel(pair.slice(0, at), pair.slice(at + 1))] : [];
  });
  const own = [
    ...(arch === null ? [] : [describeLabel('kubernetes.io/arch', arch)]),
    describeLabel('kubernetes.io/hostname', name),
    describeLabel('kubernetes.io/os', 'linux'),
  ];
  return [...own, ...labels.map((label) => ({ ...label, setBy: `${label.setBy}; here by --node-labels` }))];
}

function localAddresses(
  host: HostRoot,
  configuration: KubeletConfiguration,
  name: string,
): NodeStatus['addresses'] {
  const given = (kubeletFlag(configuration, 'node-ip')?.value ?? '').split(',').filter((ip) => ip !== '');
  const addresses = [{ type: 'HostName', address: name }];
  if (given.length > 0) return [...addresses, ...given.map((address) => ({ type: 'InternalIP', address }))];
  if (!host.isThisMachine) return addresses;
  const found = Object.values(networkInterfaces())
    .flatMap((one) => one ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'));
  return [...addresses, ...found.map(({ address }) => ({ type: 'InternalIP', address }))];
}

async function localInfo(host: HostRoot, facts: LocalFacts): Promise<NodeStatus['info']> {
  const line = async (path: string): Promise<string | null> => {
    const found = await host.readText(path, 1 << 16);
    return found.ok ? found.value.trim() : null;
  };
  const release = await host.readText('/etc/os-release', 1 << 16);
  const kernel = await readKernel(host);
  const pretty = release.ok ? new Map(parseEnvironmentFile(release.value)).get('PRETTY_NAME') : undefined;
  return {
    machineID: await line('/etc/machine-id'),
    bootID: await line('/proc/sys/kernel/random/boot_id'),
    kernelVersion: kernel.release ?? null,
    osImage: pretty ?? null,
    operatingSystem: 'linux',
    architecture: await architecture(host),
    kubeletVersion: facts.kubeletVersion ?? null,
    containerRuntimeVersion: facts.runtimeVersion ?? null,
  };
}

/** The architecture as Kubernetes (and Go) call it; undefined names are left as they are. */
async function architecture(host: HostRoot): Promise<string | null> {
  const found = await host.readText('/proc/sys/kernel/arch', 256);
  const name = found.ok ? found.value.trim() : host.isThisMachine ? process.arch : undefined;
  if (name === undefined || name === '') return null;
  return GO_ARCHITECTURES[name] ?? name;
}

const GO_ARCHITECTURES: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  x64: 'amd64',
  aarch64: 'arm64',
  i686: '386',
  ia32: '386',
};

/** Capacity as the machine has it, and what of it is left for pods: less what is reserved and kept from eviction. */
async function resources(
  host: HostRoot,
  configuration: KubeletConfiguration,
): Promise<Pick<NodeStatus, 'capacity' | 'allocatable'>> {
  const meminfo = await host.readText('/proc/meminfo', 1 << 16);
  const cpuinfo = await host.readText('/proc/cpuinfo', 4 << 20);
  const total = meminfo.ok
    ? Number(/^MemTotal:\s+(\d+) kB$/m.exec(meminfo.value)?.[1] ?? Number.NaN) * 1024
    : Number.NaN;
  const cpus = cpuinfo.ok ? (cpuinfo.value.match(/^processor\s*:/gm)?.length ?? 0) : 0;
  const space = await host.space(rootDirectory(configuration));
  const reserved = (resource: string): number =>
    ['kubeReserved', 'systemReserved'].reduce(
      (sum, field) => sum + (quantity(setting(configuration, field, resource)) ?? 0),
      0,
    );
  const capacity: Record<string, string> = { pods: String(setting(configuration, 'maxPods') ?? 110) };
  const allocatable: Record<string, string> = { pods: capacity['pods'] ?? '' };
  if (cpus > 0) {
    capacity['cpu'] = String(cpus);
    allocatable['cpu'] = `${Math.round(cpus * 1000 - reserved('cpu') * 1000)}m`;
  }
  if (!Number.isNaN(total)) {
    const kept = thresholdBytes(setting(configuration, 'evictionHard', 'memory.available'), total) ?? 0;
    capacity['memory'] = `${Math.floor(total / 1024)}Ki`;
    allocatable['memory'] = `${Math.floor((total - reserved('memory') - kept) / 1024)}Ki`;
  }
  if (space.ok && host.isThisMachine) {
    const kept =
      thresholdBytes(setting(configuration, 'evictionHard', 'nodefs.available'), space.value.size) ?? 0;
    capacity['ephemeral-storage'] = `${Math.floor(space.value.size / 1024)}Ki`;
    allocatable['ephemeral-storage'] = String(
      Math.floor(space.value.size - reserved('ephemeral-storage') - kept),
    );
  }
  return { capacity, allocatable };
}

/** A Kubernetes quantity as a number: `200m`, `1.5`, `500Mi`. */
function quantity(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return undefined;
  const milli = /^(\d+)m$/.exec(value)?.[1];
  return milli === undefined ? thresholdBytes(value, 0) : Number(milli) / 1000;
}
