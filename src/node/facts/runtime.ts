import { posix } from 'node:path';
import type { JsonValue } from '../../render/table.js';
import { type KubeletConfiguration, setting } from '../config/kubelet.js';
import { NoAnswer } from '../cri/client.js';
import { askCheckpointSupport, askRuntime, type CheckpointSupport, type CriRuntime } from '../cri/runtime.js';
import { field } from '../host/json.js';
import { findProcess } from '../host/processes.js';
import type { HostRoot } from '../host/root.js';
import { parseToml, type Toml } from '../host/toml.js';
import { socketPath } from '../paths/catalogue.js';

export type RuntimeKind = 'containerd' | 'cri-o' | 'cri-dockerd' | 'dockershim' | 'unknown';

/** The container runtime of a node, as far as it can be told. */
export interface RuntimeFacts {
  readonly kind: RuntimeKind;
  readonly socket: string;
  /** Where the socket's path comes from. */
  readonly from: string;
  readonly present: boolean;
  readonly answer: CriRuntime | undefined;
  readonly checkpoint: CheckpointSupport | undefined;
  /** Why it did not answer. */
  readonly silent: string | undefined;
  /** Its version: of its own answer, or of its package. */
  readonly version: string | undefined;
  readonly versionFrom: string | undefined;
  readonly low: LowLevelRuntime;
  /** CRI-O's enable_criu_support, or containerd's enable_criu, where a configuration says so. */
  readonly criuSetting: { readonly value: boolean; readonly source: string } | undefined;
}

/** The OCI runtime that containers are started with. */
export interface LowLevelRuntime {
  readonly name: 'runc' | 'crun' | string;
  /** Its program: a path, or a bare name that is looked up in the runtime's PATH. */
  readonly binary: string;
  readonly from: string;
}

const KNOWN_SOCKETS = [
  '/run/containerd/containerd.sock',
  '/run/crio/crio.sock',
  '/run/cri-dockerd.sock',
  '/run/k3s/containerd/containerd.sock',
  '/var/run/dockershim.sock',
] as const;

const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  containerd: ['containerd', 'containerd.io'],
  'cri-o': ['cri-o', 'cri-o-1.34', 'cri-o-1.33'],
  'cri-dockerd': ['cri-dockerd'],
};

/**
 * Finds the runtime: the configured socket, else the first known one that is there; then asks it who it is, and with
 * `probe` also whether it can checkpoint.
 */
export async function readRuntime(
  host: HostRoot,
  configuration: KubeletConfiguration,
  packages: ReadonlyMap<string, string> | undefined,
  options: { readonly probe: boolean },
): Promise<RuntimeFacts> {
  const { socket, from } = await chooseSocket(host, configuration);
  const facts = await host.stat(socket);
  const present = facts.ok && facts.value.kind === 'socket';
  let answer: CriRuntime | undefined;
  let checkpoint: CheckpointSupport | undefined;
  let silent: string | undefined = present ? undefined : facts.ok ? 'not a socket' : facts.why;
  const real = await host.real(socket);
  if (present && real.ok) {
    try {
      answer = await askRuntime(real.value);
      if (options.probe) checkpoint = await askCheckpointSupport(real.value);
    } catch (error) {
      if (!(error instanceof NoAnswer) && !(error instanceof RangeError)) throw error;
      silent = error.message;
    }
  }
  const kind = kindOf(answer?.name ?? '', socket);
  const settings = await readSettings(host, kind, socket);
  const installed = (PACKAGES[kind] ?? [])
    .map((name) => packages?.get(name))
    .find((found) => found !== undefined);
  return {
    kind,
    socket,
    from,
    present,
    answer,
    checkpoint,
    silent,
    version: answer?.version ?? installed,
    versionFrom:
      answer !== undefined ? 'its own answer' : installed !== undefined ? 'its package' : undefined,
    low: lowLevel(kind, answer?.info ?? null, settings),
    criuSetting: criuSetting(kind, settings),
  };
}

async function chooseSocket(
  host: HostRoot,
  configuration: KubeletConfiguration,
): Promise<{ readonly socket: string; readonly from: string }> {
  const set = setting(configuration, 'containerRuntimeEndpoint');
  const configured = socketPath(set);
  const explicit = configuration.tree.entries.has('containerRuntimeEndpoint') && configured !== undefined;
  if (explicit) return { socket: configured, from: 'the kubelet’s configuration' };
  for (const socket of KNOWN_SOCKETS) {
    if (await host.exists(socket)) return { socket, from: 'the sockets that are there' };
  }
  return { socket: configured ?? KNOWN_SOCKETS[0], from: 'the kubelet’s default' };
}

function kindOf(name: string, socket: string): RuntimeKind {
  const text = `${name} ${socket}`;
  if (/dockershim/.test(text)) return 'dockershim';
  if (/cri-dockerd/.test(text) || name === 'docker') return 'cri-dockerd';
  if (/cri-?o/.test(text)) return 'cri-o';
  if (/containerd/.test(text)) return 'containerd';
  return 'unknown';
}

interface Settings {
  readonly toml: Toml;
  readonly source: string;
}

/** The runtime's configuration files, in the order in which later ones win. */
async function readSettings(host: HostRoot, kind: RuntimeKind, socket: string): Promise<readonly Settings[]> {
  const files: string[] = [];
  if (kind === 'cri-o') {
    files.push('/etc/crio/crio.conf');
    for (const directory of ['/usr/lib/crio/crio.conf.d', '/etc/crio/crio.conf.d']) {
      const names = await host.list(directory);
      if (names.ok) files.push(...names.value.map((name) => posix.join(directory, name)));
    }
  } else if (kind === 'containerd') {
    const k3s = socket.startsWith('/run/k3s/');
    files.push(
      ...(k3s
        ? [
            '/var/lib/rancher/k3s/agent/etc/containerd/config.toml',
            '/var/lib/rancher/rke2/agent/etc/containerd/config.toml',
          ]
        : ['/etc/containerd/config.toml']),
    );
  }
  const settings: Settings[] = [];
  for (const source of files.slice(0, 256)) {
    const text = await host.readText(source);
    if (text.ok) settings.push({ toml: parseToml(text.value), source });
  }
  return settings;
}

/** The CRI plugin's tables in containerd 2 (version 3 of its configuration) and 1 (version 2). */
const CONTAINERD_PLUGINS = ['io.containerd.cri.v1.runtime', 'io.containerd.grpc.v1.cri'] as const;

function lowLevel(kind: RuntimeKind, info: JsonValue, settings: readonly Settings[]): LowLevelRuntime {
  if (kind === 'cri-o') {
    const named = lookup(settings, 'crio', 'runtime', 'default_runtime');
    const name = typeof named?.value === 'string' ? named.value : 'crun';
    const path = lookup(settings, 'crio', 'runtime', 'runtimes', name, 'runtime_path');
    return {
      name,
      binary: typeof path?.value === 'string' && path.value !== '' ? path.value : name,
      from: named?.source ?? path?.source ?? 'CRI-O’s default (crun since 1.31, runc before)',
    };
  }
  const shown = field(info, 'containerd', 'defaultRuntimeName');
  if (typeof shown === 'string') {
    const runtime = field(info, 'containerd', 'runtimes', shown);
    const binary = field(runtime, 'options', 'BinaryName');
    return {
      name: shown,
      binary: typeof binary === 'string' && binary !== '' ? binary : 'runc',
      from: 'containerd’s own answer',
    };
  }
  for (const plugin of CONTAINERD_PLUGINS) {
    const named = lookup(settings, 'plugins', plugin, 'containerd', 'default_runtime_name');
    if (typeof named?.value !== 'string') continue;
    const binary = lookup(
      settings,
      'plugins',
      plugin,
      'containerd',
      'runtimes',
      named.value,
      'options',
      'BinaryName',
    );
    const text = typeof binary?.value === 'string' && binary.value !== '' ? binary.value : 'runc';
    return { name: named.value, binary: text, from: named.source };
  }
  return { name: 'runc', binary: 'runc', from: 'containerd’s default' };
}

function criuSetting(kind: RuntimeKind, settings: readonly Settings[]): RuntimeFacts['criuSetting'] {
  if (kind === 'cri-o') {
    const level = lookup(settings, 'crio', 'checkpoint_restore', 'container_level_enabled');
    if (typeof level?.value === 'string') return { value: level.value !== 'none', source: level.source };
    const found = lookup(settings, 'crio', 'runtime', 'enable_criu_support');
    return typeof found?.value === 'boolean' ? { value: found.value, source: found.source } : undefined;
  }
  for (const plugin of CONTAINERD_PLUGINS) {
    const found = lookup(settings, 'plugins', plugin, 'enable_criu');
    if (typeof found?.value === 'boolean') return { value: found.value, source: found.source };
  }
  return undefined;
}

function lookup(
  settings: readonly Settings[],
  ...path: readonly string[]
): { readonly value: JsonValue; readonly source: string } | undefined {
  for (const { toml, source } of settings.toReversed()) {
    const value = toml.get(...path);
    if (value !== undefined) return { value, source };
  }
  return undefined;
}

/** A default of systemd's services, and of most daemons without a PATH of their own. */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The PATH in which a runtime looks for programs: that of its process, else systemd's default. */
export async function runtimePath(
  host: HostRoot,
  kind: RuntimeKind,
): Promise<{ readonly directories: readonly string[]; readonly from: string }> {
  const names = kind === 'cri-o' ? ['crio'] : kind === 'cri-dockerd' ? ['dockerd'] : ['containerd'];
  const process = await findProcess(host, new Set(names));
  if (process !== undefined) {
    const environment = await host.readText(`/proc/${process.pid}/environ`, 1 << 20);
    const path = environment.ok
      ? environment.value.split('\0').find((variable) => variable.startsWith('PATH='))
      : undefined;
    if (path !== undefined) {
      return {
        directories: path.slice(5).split(':'),
        from: `the PATH of ${process.name} (PID ${process.pid})`,
      };
    }
  }
  return { directories: DEFAULT_PATH.split(':'), from: 'systemd’s default PATH' };
}

/** The first program of that name in those directories, as a path inside the root. */
export async function findProgram(
  host: HostRoot,
  name: string,
  directories: readonly string[],
): Promise<string | undefined> {
  if (name.includes('/')) return (await isProgram(host, name)) ? name : undefined;
  for (const directory of directories) {
    const path = posix.join(directory, name);
    if (directory.startsWith('/') && (await isProgram(host, path))) return path;
  }
  return undefined;
}

async function isProgram(host: HostRoot, path: string): Promise<boolean> {
  const facts = await host.stat(path);
  return facts.ok && facts.value.kind === 'file' && (facts.value.mode & 0o111) !== 0;
}
