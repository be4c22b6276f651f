import { FailedError, UsageError } from '../base/errors.js';
import { shownUrl } from '../base/shown-url.js';
import { type ConnectionFlags, checkFlags } from './connection-flags.js';
import { openKubeconfig } from './kubeconfig.js';
import { defaultKubeconfigs } from './kubeconfig-files.js';
import { type ClientCertificate, clientCertificate } from './pem.js';
import { readNamedFile } from './read-file.js';
import { apiServerTrust, type EndpointContext, trustFrom } from './server-trust.js';
import type { Connection } from './transport.js';
import { findUsualCredentials, type UsualCredentials } from './usual-credentials.js';

export type { ConnectionFlags } from './connection-flags.js';
export type { EndpointContext } from './server-trust.js';

export const DEFAULT_KUBELET = 'https://127.0.0.1:10250';

/** A way to a kubelet. */
export interface Endpoint {
  /** Straight to the kubelet, or through the API server's node proxy. */
  readonly via: 'kubelet' | 'api-server';
  readonly connection: Connection;
  /** Through the API server: the node, when the user named it; otherwise it is found from the pod. */
  readonly node: string | undefined;
  /** Where the credentials came from, for people: `client certificate FILE (CN=...)`. No secret. */
  readonly credentials: string;
  /** What the server is trusted by, for people. */
  readonly trust: string;
}

/**
 * Decides from the flags whom to ask and as whom. With no credentials named, the usual ones of a node are looked
 * for: as root those under /etc/kubernetes and the like, otherwise the kubeconfig that kubectl would use.
 *
 * @throws UsageError for flags that contradict each other; whatever reading the credentials may throw
 */
export async function resolveEndpoint(
  flags: ConnectionFlags,
  context: EndpointContext = {},
): Promise<Endpoint> {
  checkFlags(flags);
  const note = context.note ?? (() => {});
  if (flags.kubeconfig !== undefined || flags.context !== undefined || flags.node !== undefined) {
    const files = flags.kubeconfig === undefined ? defaultKubeconfigs(context.env) : [flags.kubeconfig];
    return throughApiServer(files, flags, context);
  }
  if (flags.clientCertificate !== undefined || flags.tokenFile !== undefined) return direct(flags, context);
  const root = (context.uid ?? process.getuid?.()) === 0;
  const kubeconfigs = (context.env ?? process.env)['KUBECONFIG'] ? defaultKubeconfigs(context.env) : [];
  const usual = await findUsual(root, kubeconfigs, flags, context);
  if (usual?.kind === 'certificate') {
    note(`using the client certificate ${usual.from} (${usual.certificate.subject})`);
    return direct(flags, context, usual);
  }
  if (usual?.kind === 'kubeconfig') {
    note(`using the kubeconfig ${usual.from.join(', ')}`);
    return throughApiServer(usual.from, flags, context);
  }
  throw new UsageError(root ? 'no usual credentials are on this node' : 'no credentials were given', {
    remedy: `${root ? '' : 'run as root on the node, or '}give --client-certificate and --client-key, --token-file, or --kubeconfig`,
  });
}

/** An ordinary user has nothing but $KUBECONFIG. */
async function findUsual(
  root: boolean,
  kubeconfigs: readonly string[],
  flags: ConnectionFlags,
  { note, prefix = '' }: EndpointContext,
): Promise<UsualCredentials | undefined> {
  const direct = flags.kubelet !== undefined;
  const skipped = (from: string, reason: string): void => note?.(`skipped ${from}: ${reason}`);
  if (root) return findUsualCredentials({ skipped, direct, kubeconfigs, prefix });
  return direct || kubeconfigs.length === 0 ? undefined : { kind: 'kubeconfig', from: kubeconfigs };
}

async function direct(
  flags: ConnectionFlags,
  context: EndpointContext,
  usual?: { from: string; certificate: ClientCertificate },
): Promise<Endpoint> {
  const url = kubeletUrl(flags.kubelet ?? DEFAULT_KUBELET);
  const pair = usual?.certificate ?? (await clientPair(flags, context.signal));
  const token =
    flags.tokenFile === undefined ? undefined : await bearerToken(flags.tokenFile, context.signal);
  const { trust, words } = await trustFrom(flags, url, context);
  const who = pair
    ? `client certificate ${shownUrl(usual?.from ?? flags.clientCertificate ?? '')} (${pair.subject})`
    : undefined;
  return {
    via: 'kubelet',
    connection: {
      url,
      trust,
      cert: pair?.cert,
      key: pair?.key,
      headers: token === undefined ? undefined : { Authorization: `Bearer ${token}` },
    },
    node: undefined,
    credentials: [who, token === undefined ? undefined : `token file ${shownUrl(flags.tokenFile ?? '')}`]
      .filter(Boolean)
      .join(', '),
    trust: words,
  };
}

async function clientPair(
  flags: ConnectionFlags,
  signal: AbortSignal | undefined,
): Promise<ClientCertificate | undefined> {
  if (flags.clientCertificate === undefined) return undefined;
  const names = { cert: flags.clientCertificate, key: flags.clientKey ?? flags.clientCertificate };
  const cert = await readNamedFile(names.cert, 'client certificate', signal);
  const key = names.key === names.cert ? cert : await readNamedFile(names.key, 'client key', signal);
  return clientCertificate(cert, key, names);
}

async function bearerToken(path: string, signal: AbortSignal | undefined): Promise<string> {
  const token = (await readNamedFile(path, 'token file', signal)).trim();
  // RFC 6750 section 2.1; anything else could not be sent as a header, and would be quoted by an error if tried
  if (!/^[\w.~+/=-]+$/.test(token)) {
    throw new FailedError(`token file ${path} holds no bearer token`, {
      remedy: 'one line, as kubectl create token prints it',
    });
  }
  return token;
}

function kubeletUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const login = url !== undefined && url.username + url.password !== '';
  if (url?.protocol !== 'https:' || login || url.search !== '' || url.hash !== '') {
    const problem = login ? 'has a user or password in it' : 'is no https URL';
    throw new UsageError(`--kubelet ${JSON.stringify(shownUrl(text))} ${problem}`, {
      remedy: `give scheme, host and port alone: --kubelet ${DEFAULT_KUBELET}`,
    });
  }
  return url;
}

async function throughApiServer(
  files: readonly string[],
  flags: ConnectionFlags,
  context: EndpointContext,
): Promise<Endpoint> {
  const server = await openKubeconfig(files, flags.context, context);
  const { connection } = server;
  const { trust, words } = await apiServerTrust(flags, connection);
  return {
    via: 'api-server',
    connection: { ...connection, trust },
    node: flags.node,
    credentials: `kubeconfig ${server.files.map(shownUrl).join(', ')}, context ${server.context}, user ${server.user}`,
    trust: words,
  };
}
