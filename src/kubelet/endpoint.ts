import { FailedError, UsageError } from '../base/errors.js';
import { defaultKubeconfigs, openKubeconfig } from './kubeconfig.js';
import { isSubdomain } from './names.js';
import { type ClientCertificate, certificatesIn, clientCertificate } from './pem.js';
import { readSmallFile } from './read-file.js';
import type { Connection } from './transport.js';
import { parseFingerprint, type Trust } from './trust.js';
import {
  findUsualCredentials,
  localServingFingerprints,
  type UsualCredentials,
} from './usual-credentials.js';

export const DEFAULT_KUBELET = 'https://127.0.0.1:10250';

/** The connection flags of a command, as typed. */
export interface ConnectionFlags {
  readonly kubelet?: string | undefined;
  readonly clientCertificate?: string | undefined;
  readonly clientKey?: string | undefined;
  readonly certificateAuthority?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly insecureSkipTlsVerify?: boolean | undefined;
  readonly tlsFingerprint?: string | undefined;
  readonly tlsServerName?: string | undefined;
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly node?: string | undefined;
}

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

export interface EndpointContext {
  /** Hears of things worth knowing: credentials that were found, or skipped and why. */
  readonly note?: ((line: string) => void) | undefined;
  /** Prepended to the paths of the usual credentials, for tests. */
  readonly prefix?: string | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** User id of this process. */
  readonly uid?: number | undefined;
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
    return throughApiServer(files, flags);
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
    return throughApiServer(usual.from, flags);
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

function checkFlags(flags: ConnectionFlags): void {
  const clash = (a: string, b: string): UsageError => new UsageError(`${a} and ${b} contradict each other`);
  const viaApi = ['kubeconfig', 'context', 'node'] as const;
  const directly = ['kubelet', 'clientCertificate', 'tokenFile'] as const;
  for (const api of viaApi) {
    for (const straight of directly) {
      if (flags[api] !== undefined && flags[straight] !== undefined) throw clash(flag(api), flag(straight));
    }
  }
  if (flags.clientKey !== undefined && flags.clientCertificate === undefined) {
    throw new UsageError('--client-key needs --client-certificate', {
      remedy: 'when both are in one file, name it by --client-certificate alone',
    });
  }
  const verifying = ['insecureSkipTlsVerify', 'tlsFingerprint', 'certificateAuthority'] as const;
  const [first, second] = verifying.filter((name) => flags[name] !== undefined && flags[name] !== false);
  if (first && second) throw clash(flag(first), flag(second));
  if (flags.node !== undefined && !isSubdomain(flags.node)) {
    throw new UsageError(`${JSON.stringify(flags.node)} cannot be the name of a node`);
  }
}

function flag(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

async function direct(
  flags: ConnectionFlags,
  context: EndpointContext,
  usual?: { from: string; certificate: ClientCertificate },
): Promise<Endpoint> {
  const url = kubeletUrl(flags.kubelet ?? DEFAULT_KUBELET);
  const pair = usual?.certificate ?? (await clientPair(flags));
  const token = flags.tokenFile === undefined ? undefined : await bearerToken(flags.tokenFile);
  const { trust, words } = await trustFrom(flags, url, context);
  const who = pair
    ? `client certificate ${usual?.from ?? flags.clientCertificate} (${pair.subject})`
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
    credentials: [who, token === undefined ? undefined : `token file ${flags.tokenFile}`]
      .filter(Boolean)
      .join(', '),
    trust: words,
  };
}

async function clientPair(flags: ConnectionFlags): Promise<ClientCertificate | undefined> {
  if (flags.clientCertificate === undefined) return undefined;
  const names = { cert: flags.clientCertificate, key: flags.clientKey ?? flags.clientCertificate };
  const cert = await readSmallFile(names.cert, 'client certificate');
  const key = names.key === names.cert ? cert : await readSmallFile(names.key, 'client key');
  return clientCertificate(cert, key, names);
}

async function bearerToken(path: string): Promise<string> {
  const token = (await readSmallFile(path, 'token file')).trim();
  // RFC 6750 section 2.1; anything else could not be sent as a header, and would be quoted by an error if tried
  if (!/^[\w.~+/=-]+$/.test(token)) {
    throw new FailedError(`token file ${path} holds no bearer token`, {
      remedy: 'one line, as kubectl create token prints it',
    });
  }
  return token;
}

async function trustFrom(
  flags: ConnectionFlags,
  url: URL,
  context: EndpointContext,
): Promise<{ trust: Trust; words: string }> {
  if (flags.insecureSkipTlsVerify) {
    context.note?.('the identity of the server is not verified (--insecure-skip-tls-verify)');
    return { trust: { kind: 'none' }, words: 'not verified' };
  }
  if (flags.tlsFingerprint !== undefined) {
    const fingerprints = [parseFingerprint(flags.tlsFingerprint)];
    return {
      trust: { kind: 'pin', fingerprints, from: '--tls-fingerprint' },
      words: 'pinned by --tls-fingerprint',
    };
  }
  if (flags.certificateAuthority !== undefined) {
    const ca = await readSmallFile(flags.certificateAuthority, 'certificate authority');
    if (certificatesIn(ca, flags.certificateAuthority).length === 0) {
      throw new FailedError(`${flags.certificateAuthority} holds no PEM certificate`);
    }
    const trust = { kind: 'authority', ca, serverName: flags.tlsServerName } as const;
    return { trust, words: `certificate authority ${flags.certificateAuthority}` };
  }
  const loopback = url.port === '10250' && ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
  const local =
    loopback && flags.tlsServerName === undefined
      ? await localServingFingerprints(context.prefix)
      : undefined;
  if (local) {
    return { trust: { kind: 'pin', ...local }, words: `the kubelet's own certificate in ${local.from}` };
  }
  const trust = { kind: 'authority', ca: undefined, serverName: flags.tlsServerName } as const;
  return { trust, words: "the system's certificate authorities" };
}

function kubeletUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' || url.username !== '' || url.search !== '' || url.hash !== '') {
    throw new UsageError(`--kubelet ${JSON.stringify(text)} is no https URL`, {
      remedy: `give scheme, host and port: --kubelet ${DEFAULT_KUBELET}`,
    });
  }
  return url;
}

async function throughApiServer(files: readonly string[], flags: ConnectionFlags): Promise<Endpoint> {
  const server = await openKubeconfig(files, flags.context);
  const { connection } = server;
  const { trust, words } = await apiServerTrust(flags, connection);
  return {
    via: 'api-server',
    connection: { ...connection, trust },
    node: flags.node,
    credentials: `kubeconfig ${server.files.join(', ')}, context ${server.context}, user ${server.user}`,
    trust: words,
  };
}

/** The flags win over what the kubeconfig says about the server. */
async function apiServerTrust(
  flags: ConnectionFlags,
  connection: Connection,
): Promise<{ trust: Trust; words: string }> {
  const said =
    flags.insecureSkipTlsVerify ||
    flags.tlsFingerprint !== undefined ||
    flags.certificateAuthority !== undefined;
  if (said) return trustFrom(flags, connection.url, {});
  const { trust } = connection;
  if (trust.kind !== 'authority') return { trust, words: 'not verified (as the kubeconfig says)' };
  return {
    trust: flags.tlsServerName === undefined ? trust : { ...trust, serverName: flags.tlsServerName },
    words:
      trust.ca === undefined
        ? "the system's certificate authorities"
        : "the kubeconfig's certificate authority",
  };
}
