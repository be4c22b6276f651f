import { type KubeletConfiguration, setting } from '../config/kubelet.js';
import { NoAnswer } from '../cri/client.js';
import { askCheckpointSupport, askRuntime, type CheckpointSupport, type CriRuntime } from '../cri/runtime.js';
import type { HostRoot } from '../host/root.js';
import { socketPath } from '../paths/catalogue.js';
import {
  type CriuSetting,
  criuSetting,
  type LowLevelRuntime,
  lowLevel,
  type RuntimeKind,
  readSettings,
} from './runtime-settings.js';

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
  readonly criuSetting: CriuSetting | undefined;
  /** Configuration files of it that are no TOML. */
  readonly broken: readonly string[];
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
    broken: settings.filter(({ toml }) => toml === undefined).map(({ source }) => source),
  };
}

async function chooseSocket(
  host: HostRoot,
  configuration: KubeletConfiguration,
): Promise<{ readonly socket: string; readonly from: string }> {
  const set = setting(configuration, 'containerRuntimeEndpoint');
  const configured = socketPath(set);
  const explicit = configuration.tree.entries.has('containerRuntimeEndpoint') && configured !== undefined;
  if (explicit) return { socket: configured, from: "the kubelet's configuration" };
  for (const socket of KNOWN_SOCKETS) {
    if (await host.exists(socket)) return { socket, from: 'the sockets that are there' };
  }
  return { socket: configured ?? KNOWN_SOCKETS[0], from: "the kubelet's default" };
}

function kindOf(name: string, socket: string): RuntimeKind {
  const text = `${name} ${socket}`;
  if (/dockershim/.test(text)) return 'dockershim';
  if (/cri-dockerd/.test(text) || name === 'docker') return 'cri-dockerd';
  if (/cri-?o/.test(text)) return 'cri-o';
  if (/containerd/.test(text)) return 'containerd';
  return 'unknown';
}
