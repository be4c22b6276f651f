import { FailedError } from '../base/errors.js';
import { field, list, object, text } from '../base/json-fields.js';
import { besideFile, type Entry } from './kubeconfig-files.js';
import type { Connection } from './transport.js';

/** client.authentication.k8s.io, the versions that kubectl speaks since 1.24. */
const VERSIONS = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'];
const MODES = ['Never', 'IfAvailable', 'Always'];
/** What a cluster may tell the plugins of all users: its extension of this name. */
const CLUSTER_EXTENSION = 'client.authentication.k8s.io/exec';

/** A login helper that a kubeconfig's user names under `exec`. */
export interface ExecPlugin {
  /** Whose login it is, for errors. */
  readonly user: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly apiVersion: string;
  readonly installHint: string | undefined;
  /** What it wants of the terminal: `Never`, `IfAvailable`, `Always`. */
  readonly interactiveMode: string;
  /** The cluster, for KUBERNETES_EXEC_INFO, when it wants to know. */
  readonly cluster: unknown;
}

/**
 * Reads what a user has under `exec`. A command with a slash in it is relative to the kubeconfig.
 *
 * @throws FailedError when kubectl would not run it either
 */
export function execPlugin(
  user: Entry,
  cluster: Entry,
  server: Pick<Connection, 'proxy' | 'trust'>,
): ExecPlugin {
  const exec = object(user.fields, 'exec');
  const command = text(exec, 'command') ?? '';
  const apiVersion = text(exec, 'apiVersion') ?? '';
  const interactiveMode = text(exec, 'interactiveMode') ?? 'IfAvailable';
  const bad = (what: string, remedy: string): FailedError =>
    new FailedError(`the login helper of user ${user.name} ${what}`, { remedy });
  if (command === '') throw bad('has no command', 'the kubeconfig should name one under exec');
  if (!VERSIONS.includes(apiVersion)) {
    throw bad(
      `speaks ${apiVersion || 'no version'} of ExecCredential`,
      `kubectl speaks ${VERSIONS.join(' and ')}: have the cluster's provider write the kubeconfig anew`,
    );
  }
  if (!MODES.includes(interactiveMode)) {
    throw bad(`has the interactiveMode ${interactiveMode}`, `one of ${MODES.join(', ')} is meant`);
  }
  const env: Record<string, string> = {};
  for (const one of list(exec, 'env')) env[text(one, 'name') ?? ''] = text(one, 'value') ?? '';
  delete env[''];
  const args = list(exec, 'args').map(String);
  // found here, as who starts it would quote it
  if ([command, ...args, ...Object.entries(env).flat()].some((word) => word.includes('\0'))) {
    throw bad('cannot be started', 'no word of it can hold a NUL byte');
  }
  return {
    user: user.name,
    command: command.includes('/') ? besideFile(user, command) : command,
    args,
    env,
    apiVersion,
    installHint: text(exec, 'installHint'),
    interactiveMode,
    cluster: exec['provideClusterInfo'] === true ? clusterInfo(cluster, server) : undefined,
  };
}

/** As client.authentication.k8s.io has Cluster: as in a kubeconfig, the authority always as bytes. */
function clusterInfo(cluster: Entry, { trust, proxy }: Pick<Connection, 'proxy' | 'trust'>): object {
  const extension = list(cluster.fields, 'extensions').find((one) => text(one, 'name') === CLUSTER_EXTENSION);
  const ca = trust.kind === 'authority' ? trust.ca : undefined;
  // what is undefined is left out of the JSON
  return {
    server: text(cluster.fields, 'server'),
    'tls-server-name': text(cluster.fields, 'tls-server-name') || undefined,
    'insecure-skip-tls-verify': trust.kind === 'none' ? true : undefined,
    'certificate-authority-data': ca === undefined ? undefined : Buffer.from(ca).toString('base64'),
    'proxy-url': proxy?.href,
    config: field(extension, 'extension'),
  };
}
