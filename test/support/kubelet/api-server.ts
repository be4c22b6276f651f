import { existsSync, readFileSync } from 'node:fs';
import { type EmbeddedState, kubeletAnswer, podObject } from '../../../src/kubelet/embedded/answers.js';
import { type RunningServer, serveHttps } from '../../../src/kubelet/embedded/server.js';
import { type Authority, createAuthority, issue } from '../../../src/kubelet/embedded/x509.js';
import { PODS } from './stand-in.js';

export interface StandInApiServer extends RunningServer {
  readonly authority: Authority;
  readonly requests: string[];
}

export interface ApiServerOptions {
  readonly kubelet: Pick<EmbeddedState, 'checkpoint'> & Partial<EmbeddedState>;
  /** Whether a user may do a verb on a resource such as `nodes/proxy`. */
  readonly allowed?: (user: string, verb: string, resource: string) => boolean;
  readonly kubeletDown?: boolean;
  /** More bearer tokens, with their users. */
  readonly tokens?: Readonly<Record<string, string>>;
  /** Of the node; default this machine's, for that is where it runs. */
  readonly bootID?: string;
}

const ownBootId = existsSync('/proc/sys/kernel/random/boot_id')
  ? readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  : '';

/** An API server: pods, nodes and the nodes' proxy, with `Status` objects for its errors. */
export async function startApiServer(options: ApiServerOptions): Promise<StandInApiServer> {
  const authority = createAuthority('cluster');
  const serving = issue(authority, {
    subject: { commonName: 'kube-apiserver' },
    names: ['127.0.0.1'],
    usage: 'server',
  });
  const state: EmbeddedState = {
    nodeName: 'node-a',
    pods: PODS,
    checkpoints: true,
    allowed: () => true,
    ...options.kubelet,
  };
  const requests: string[] = [];
  const tokens = { 'admin-token': 'admin', 'bob-token': 'bob', ...options.tokens };
  const server = await serveHttps(
    { serving, clientAuthority: authority.cert, tokens },
    async ({ method, url, user }) => {
      requests.push(`${method} ${url.pathname}${url.search}`);
      if (user === undefined) return status(401, 'Unauthorized', 'Unauthorized');
      const verb = method === 'POST' ? 'create' : 'get';
      const forbidden = (resource: string, message: string) =>
        options.allowed?.(user, verb, resource) === false
          ? status(
              403,
              'Forbidden',
              `${message} is forbidden: User "${user}" cannot ${verb} resource "${resource}" in API group "" at the cluster scope`,
            )
          : undefined;
      const [, pod] = /^\/api\/v1\/namespaces\/([^/]+\/pods\/[^/]+)$/.exec(url.pathname) ?? [];
      if (pod !== undefined) {
        const name = pod.split('/')[2];
        const found = state.pods.find((one) => one.name === name && pod.startsWith(`${one.namespace}/`));
        const denied = forbidden('pods', `pods "${name}"`);
        if (denied) return denied;
        if (!found) return status(404, 'NotFound', `pods "${name}" not found`, { name, kind: 'pods' });
        return { status: 200, type: 'application/json', body: JSON.stringify(podObject(state, found)) };
      }
      const [, node = '', proxied] = /^\/api\/v1\/nodes\/([^/]+)(?:\/proxy(\/.*))?$/.exec(url.pathname) ?? [];
      const denied = forbidden(proxied === undefined ? 'nodes' : 'nodes/proxy', `nodes "${node}"`);
      if (denied) return denied;
      if (node !== state.nodeName) {
        return status(404, 'NotFound', `nodes "${node}" not found`, { name: node, kind: 'nodes' });
      }
      if (proxied === undefined)
        return { status: 200, type: 'application/json', body: nodeObject(options.bootID ?? ownBootId) };
      if (options.kubeletDown) {
        return status(
          503,
          'ServiceUnavailable',
          'error trying to reach service: dial tcp 10.0.0.7:10250: connect: connection refused',
        );
      }
      return kubeletAnswer(state, {
        method,
        url: new URL(proxied + url.search, url),
        user: 'kube-apiserver',
      });
    },
  );
  return { ...server, authority, requests };
}

function nodeObject(bootID: string): string {
  return JSON.stringify({
    kind: 'Node',
    apiVersion: 'v1',
    metadata: { name: 'node-a' },
    status: {
      nodeInfo: {
        bootID,
        kubeletVersion: 'v1.36.0',
        containerRuntimeVersion: 'containerd://2.1.9',
        kernelVersion: '6.18.0',
        osImage: 'Debian GNU/Linux 13 (trixie)',
        architecture: 'amd64',
      },
    },
  });
}

function status(code: number, reason: string, message: string, details: object = {}) {
  const body = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    details,
    code,
  };
  return { status: code, type: 'application/json', body: JSON.stringify(body) };
}
