import { homedir } from 'node:os';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import type { Cluster, KubeConfig, User } from '@kubernetes/client-node';
import { FailedError, NotFoundError, UsageError } from '../base/errors.js';
import { codeOf } from './connection-errors.js';
import { execLogin } from './exec-login.js';
import { fields, list, text } from './json.js';
import { userExtras } from './kubeconfig-extras.js';
import { clientCertificate } from './pem.js';
import { openFailure } from './read-file.js';
import type { Connection } from './transport.js';

/** A way to an API server, and what it is called in the kubeconfig. */
export interface ApiServer {
  readonly connection: Connection;
  readonly context: string;
  readonly user: string;
  readonly files: readonly string[];
}

/** The files that kubectl would read: $KUBECONFIG (several, separated by `:`), otherwise ~/.kube/config. */
export function defaultKubeconfigs(env: NodeJS.ProcessEnv = process.env): readonly string[] {
  const named = (env['KUBECONFIG'] ?? '').split(delimiter).filter((name) => name !== '');
  return named.length > 0 ? named : [join(homedir(), '.kube', 'config')];
}

/**
 * Reads kubeconfig files and logs in as kubectl would: client certificates inline or by path, tokens, passwords,
 * exec plugins (which are run here), OIDC. With several files, the first that says something wins.
 *
 * @throws UsageError, NotFoundError, FailedError; DeniedError when a login helper fails
 */
export async function openKubeconfig(files: readonly string[], context?: string): Promise<ApiServer> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  for (const [index, file] of files.entries()) {
    try {
      if (index === 0) config.loadFromFile(file);
      else {
        const more = new KubeConfig();
        more.loadFromFile(file);
        config.mergeConfig(more, config.currentContext !== '');
      }
    } catch (error) {
      if (codeOf(error)?.startsWith('E')) throw openFailure(error, file, 'kubeconfig');
      throw new FailedError(`${file} is no kubeconfig: ${messageOf(error)}`, {
        remedy: 'kubectl config view --kubeconfig FILE shows how kubectl reads it',
        cause: error,
      });
    }
  }
  const { cluster, user, name } = choose(config, context);
  prepareExec(user, cluster, dirname(files[0] ?? '.'));
  const connection = await login(config, cluster, user);
  const headers = { ...connection.headers, ...(await userExtras(files, user.name)) };
  return { connection: { ...connection, headers }, context: name, user: user.name, files };
}

function choose(
  config: KubeConfig,
  context: string | undefined,
): { cluster: Cluster; user: User; name: string } {
  const name = context ?? config.getCurrentContext();
  const known = (config.getContexts() ?? []).map((one) => one.name).join(', ');
  if (name === undefined || name === '') {
    throw new UsageError('the kubeconfig names no current context', {
      remedy: `name one by --context: ${known}`,
    });
  }
  if (!config.getContextObject(name)) {
    throw new NotFoundError(`the kubeconfig has no context ${name}`, {
      remedy: `it has: ${known || 'none'}`,
    });
  }
  config.setCurrentContext(name);
  const [cluster, user] = [config.getCurrentCluster(), config.getCurrentUser()];
  if (!cluster || !user) {
    throw new FailedError(
      `context ${name} names a ${cluster ? 'user' : 'cluster'} that the kubeconfig does not hold`,
    );
  }
  return { cluster, user, name };
}

/**
 * What kubectl does for a login helper and the library leaves out: a relative command is relative to the kubeconfig,
 * and KUBERNETES_EXEC_INFO tells the helper what it is asked for (client.authentication.k8s.io ExecCredential).
 */
function prepareExec(user: User, cluster: Cluster, directory: string): void {
  const exec: unknown = user.exec;
  if (typeof exec !== 'object' || exec === null) return;
  const { command, apiVersion, env, provideClusterInfo } = fields(exec);
  const spec = {
    interactive: false,
    ...(provideClusterInfo === true
      ? { cluster: { server: cluster.server, 'certificate-authority-data': cluster.caData } }
      : {}),
  };
  const info = {
    kind: 'ExecCredential',
    apiVersion: text(apiVersion) ?? 'client.authentication.k8s.io/v1',
    spec,
  };
  const program = text(command) ?? '';
  Object.assign(exec, {
    env: [...list(env), { name: 'KUBERNETES_EXEC_INFO', value: JSON.stringify(info) }],
    ...(program.includes('/') && !isAbsolute(program) ? { command: join(directory, program) } : {}),
  });
}

interface LoginOptions {
  ca?: string | Buffer;
  cert?: string | Buffer;
  key?: string | Buffer;
  servername?: string;
  auth?: string | null;
  headers?: Record<string, string>;
}

async function login(config: KubeConfig, cluster: Cluster, user: User): Promise<Connection> {
  const options: LoginOptions = {};
  const helper: unknown = user.exec;
  Object.assign(user, { exec: undefined }); // run here: the library would wait for it without end
  const answered = helper ? await execLogin(helper, user.name) : undefined;
  try {
    await config.applyToHTTPSOptions(options);
  } catch (error) {
    throw loginFailure(error, user);
  }
  if (answered?.cert !== undefined) Object.assign(options, { cert: answered.cert, key: answered.key });
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name] = String(value).trim();
  if (answered?.token !== undefined) headers['Authorization'] ??= `Bearer ${answered.token}`;
  if (options.auth) headers['Authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  const url = apiServerUrl(cluster.server);
  const trust = cluster.skipTLSVerify
    ? ({ kind: 'none' } as const)
    : ({ kind: 'authority', ca: options.ca?.toString(), serverName: options.servername } as const);
  const pair =
    options.cert === undefined && options.key === undefined
      ? undefined
      : clientCertificate(options.cert?.toString() ?? '', options.key?.toString() ?? '', {
          cert: `user ${user.name} of the kubeconfig`,
          key: `user ${user.name} of the kubeconfig`,
        });
  const proxy = cluster.proxyUrl;
  if (proxy?.startsWith('socks')) {
    throw new FailedError(`the kubeconfig wants the SOCKS proxy ${proxy}, which is not supported`, {
      remedy: 'an HTTP proxy is; or open a tunnel and give its end as server',
    });
  }
  return { url, trust, cert: pair?.cert, key: pair?.key, headers, proxy: proxy || undefined };
}

function apiServerUrl(server: string): URL {
  const url = URL.canParse(server) ? new URL(server) : undefined;
  if (url?.protocol === 'https:') return url;
  // kubectl proxy listens so
  if (url?.protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)) return url;
  throw new FailedError(`the kubeconfig's server ${JSON.stringify(server)} is no https URL`);
}

function loginFailure(error: unknown, user: User): FailedError {
  return new FailedError(`the credentials of user ${user.name} cannot be used: ${messageOf(error)}`, {
    remedy: 'does kubectl work with this kubeconfig?',
    cause: error,
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
