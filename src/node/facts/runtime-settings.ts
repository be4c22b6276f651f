import { posix } from 'node:path';
import type { JsonValue } from '../../base/json.js';
import { field } from '../../base/json-fields.js';
import type { HostRoot } from '../host/root.js';
import { parseToml, type Toml } from '../host/toml.js';

export type RuntimeKind = 'containerd' | 'cri-o' | 'cri-dockerd' | 'dockershim' | 'unknown';

/** The OCI runtime that containers are started with. */
export interface LowLevelRuntime {
  readonly name: 'runc' | 'crun' | string;
  /** Its program: a path, or a bare name that is looked up in the runtime's PATH. */
  readonly binary: string;
  readonly from: string;
}

/** CRI-O's enable_criu_support, or containerd's enable_criu, where a configuration says so. */
export interface CriuSetting {
  readonly value: boolean;
  readonly source: string;
}

/** A configuration file of the runtime. */
export interface Settings {
  /** undefined when it is no TOML. */
  readonly toml: Toml | undefined;
  readonly source: string;
}

/** The runtime's configuration files, in the order in which later ones win. */
export async function readSettings(
  host: HostRoot,
  kind: RuntimeKind,
  socket: string,
): Promise<readonly Settings[]> {
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

/** What containers are started with: as the runtime says, as its files say, or its default. */
export function lowLevel(kind: RuntimeKind, info: JsonValue, settings: readonly Settings[]): LowLevelRuntime {
  if (kind === 'cri-o') {
    const named = lookup(settings, 'crio', 'runtime', 'default_runtime');
    const name = typeof named?.value === 'string' ? named.value : 'crun';
    const path = lookup(settings, 'crio', 'runtime', 'runtimes', name, 'runtime_path');
    return {
      name,
      binary: typeof path?.value === 'string' && path.value !== '' ? path.value : name,
      from: named?.source ?? path?.source ?? "CRI-O's default (crun since 1.31, runc before)",
    };
  }
  const shown = field(info, 'containerd', 'defaultRuntimeName');
  if (typeof shown === 'string') {
    const runtime = field(info, 'containerd', 'runtimes', shown);
    const binary = field(runtime, 'options', 'BinaryName');
    return {
      name: shown,
      binary: typeof binary === 'string' && binary !== '' ? binary : 'runc',
      from: "containerd's own answer",
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
  return { name: 'runc', binary: 'runc', from: "containerd's default" };
}

/** Whether the runtime's files allow CRIU; undefined when they do not say. */
export function criuSetting(kind: RuntimeKind, settings: readonly Settings[]): CriuSetting | undefined {
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
    const value = toml?.get(...path);
    if (value !== undefined) return { value, source };
  }
  return undefined;
}
