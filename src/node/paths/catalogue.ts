import { posix } from 'node:path';
import type { JsonValue } from '../../base/json.js';
import { type KubeletConfiguration, kubeletFlag, rootDirectory, setting } from '../config/kubelet.js';
import type { HostRoot } from '../host/root.js';
import { settingsOf } from '../host/systemd.js';

/** What a path is for; it decides how its permissions are judged and whether it is parsed. */
export type PathRole =
  | 'configuration'
  | 'credentials'
  | 'certificate'
  | 'private key'
  | 'manifests'
  | 'state'
  | 'device manager state'
  | 'image record'
  | 'directory'
  | 'private directory'
  | 'socket'
  | 'seccomp profiles'
  | 'lock';

/** A path that the kubelet uses on this node. */
export interface KnownPath {
  readonly what: string;
  readonly path: string;
  readonly role: PathRole;
  /** Also list the files in it: only those that end so, or all. */
  readonly members?: { readonly role: PathRole; readonly suffix?: RegExp };
}

/**
 * Every file, directory and socket of the Kubernetes reference "Local Files And Paths Used By The Kubelet", where
 * this node's configuration and flags put them.
 */
export function kubeletPaths(configuration: KubeletConfiguration): readonly KnownPath[] {
  const root = rootDirectory(configuration);
  const below = (name: string): string => posix.join(root, name);
  const flag = (name: string): string | undefined => kubeletFlag(configuration, name)?.value;
  const certificates = flag('cert-dir') ?? '/var/lib/kubelet/pki';
  const paths: (KnownPath | undefined)[] = [
    ...unitPaths(configuration),
    known('kubelet configuration file', configuration.configFile, 'configuration'),
    known('drop-in directory', configuration.configDir, 'directory', { role: 'configuration' }),
    known('kubeconfig', flag('kubeconfig'), 'credentials'),
    known('bootstrap kubeconfig', flag('bootstrap-kubeconfig'), 'credentials'),
    known('certificate directory', certificates, 'directory'),
    known(
      'client certificate and key',
      posix.join(certificates, 'kubelet-client-current.pem'),
      'private key',
    ),
    ...servingCertificate(configuration, certificates),
    known('client CA', configPath(configuration, 'authentication', 'x509', 'clientCAFile'), 'certificate'),
    known('static pod manifests', configPath(configuration, 'staticPodPath'), 'manifests', {
      role: 'configuration',
    }),
    known('CPU manager state', below('cpu_manager_state'), 'state'),
    known('memory manager state', below('memory_manager_state'), 'state'),
    known('dynamic resource allocation state', below('dra_manager_state'), 'state'),
    known('allocated pod resources', below('allocated_pods_state'), 'state'),
    known('actuated pod resources', below('actuated_pods_state'), 'state'),
    ...pluginDirectories(configuration).flatMap((directory) => [
      known('device plugins', directory, 'directory', { role: 'socket', suffix: /\.sock$/ }),
      known('device manager state', posix.join(directory, DEVICE_STATE), 'device manager state'),
    ]),
    known('pod resources API', below('pod-resources'), 'directory', { role: 'socket', suffix: /\.sock$/ }),
    known('plugin registration', below('plugins_registry'), 'directory', {
      role: 'socket',
      suffix: /\.sock$/,
    }),
    known('graceful shutdown state', below('graceful_node_shutdown_state'), 'state'),
    known('images being pulled', below('image_manager/pulling'), 'directory', { role: 'image record' }),
    known('images pulled', below('image_manager/pulled'), 'directory', { role: 'image record' }),
    known('seccomp profiles', below('seccomp'), 'seccomp profiles'),
    known('checkpoint archives', below('checkpoints'), 'private directory'),
    known(
      'container runtime socket',
      socketPath(setting(configuration, 'containerRuntimeEndpoint')),
      'socket',
    ),
    known('image service socket', socketPath(setting(configuration, 'imageServiceEndpoint')), 'socket'),
    known('lock file', flag('lock-file') ?? '/var/run/kubelet.lock', 'lock'),
  ];
  return paths.filter((path) => path !== undefined);
}

const DEVICE_STATE = 'kubelet_internal_checkpoint';

/**
 * Where device plugins meet the kubelet. The reference puts the directory below the root directory, but the kubelet
 * has it compiled in (DevicePluginPath of the device plugin API), so with another root directory both count.
 */
function pluginDirectories(configuration: KubeletConfiguration): readonly string[] {
  return [
    ...new Set([
      posix.join(rootDirectory(configuration), 'device-plugins'),
      '/var/lib/kubelet/device-plugins',
    ]),
  ];
}

/** The device manager's checkpoint file: the first that is there, else where the reference has it. */
export async function deviceManagerFile(
  host: HostRoot,
  configuration: KubeletConfiguration,
): Promise<string> {
  const files = pluginDirectories(configuration).map((directory) => posix.join(directory, DEVICE_STATE));
  for (const file of files) if (await host.exists(file)) return file;
  return files[0] ?? DEVICE_STATE;
}

function unitPaths(configuration: KubeletConfiguration): readonly (KnownPath | undefined)[] {
  const { unit } = configuration.start;
  if (unit === undefined) return [];
  return [
    known('systemd unit', unit.file, 'configuration'),
    ...unit.dropIns.map((path) => known('systemd unit drop-in', path, 'configuration')),
    ...settingsOf(unit, 'Service', 'EnvironmentFile').map(({ value }) =>
      known(
        'environment file',
        value.replace(/^-/, '').replaceAll('%N', unit.name.replace(/\.service$/, '')),
        'configuration',
      ),
    ),
  ];
}

function servingCertificate(
  configuration: KubeletConfiguration,
  certificates: string,
): readonly (KnownPath | undefined)[] {
  const certificate = configPath(configuration, 'tlsCertFile');
  if (certificate !== undefined) {
    return [
      known('serving certificate', certificate, 'certificate'),
      known('serving key', configPath(configuration, 'tlsPrivateKeyFile'), 'private key'),
    ];
  }
  if (setting(configuration, 'serverTLSBootstrap') === true) {
    const file = posix.join(certificates, 'kubelet-server-current.pem');
    return [known('serving certificate and key', file, 'private key')];
  }
  return [
    known('serving certificate', posix.join(certificates, 'kubelet.crt'), 'certificate'),
    known('serving key', posix.join(certificates, 'kubelet.key'), 'private key'),
  ];
}

function known(
  what: string,
  path: string | undefined,
  role: PathRole,
  members?: KnownPath['members'],
): KnownPath | undefined {
  if (path === undefined || path === '') return undefined;
  return { what, path, role, ...(members === undefined ? {} : { members }) };
}

/** A path of the configuration; a relative one is relative to the config file's directory, as in the kubelet. */
export function configPath(
  configuration: KubeletConfiguration,
  ...path: readonly string[]
): string | undefined {
  const value = setting(configuration, ...path);
  if (typeof value !== 'string' || value === '') return undefined;
  const base = posix.dirname(configuration.configFile ?? '/');
  return posix.isAbsolute(value) ? value : posix.join(base, value);
}

/** The path of a `unix:///path` endpoint; bare paths are meant as such too. */
export function socketPath(endpoint: JsonValue | undefined): string | undefined {
  if (typeof endpoint !== 'string' || endpoint === '') return undefined;
  if (endpoint.startsWith('/')) return endpoint;
  return /^unix:(?:\/\/)?(\/.*)$/.exec(endpoint)?.[1];
}
