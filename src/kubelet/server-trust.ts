import type { ConnectionFlags } from './connection-flags.js';
import { authorityText } from './pem.js';
import { readSmallFile } from './read-file.js';
import type { Connection } from './transport.js';
import { parseFingerprint, type Trust } from './trust.js';
import { localServingFingerprints } from './usual-credentials.js';

export interface EndpointContext {
  /** Hears of things worth knowing: credentials that were found, or skipped and why. */
  readonly note?: ((line: string) => void) | undefined;
  /** Prepended to the paths of the usual credentials, for tests. */
  readonly prefix?: string | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Ends what a login waits for, with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** User id of this process. */
  readonly uid?: number | undefined;
}

/** What a server is to be trusted by, and the same in words. */
export interface ChosenTrust {
  readonly trust: Trust;
  readonly words: string;
}

/** By the flags; without any, the kubelet of this node by its own certificate file, others by the system's authorities. */
export async function trustFrom(
  flags: ConnectionFlags,
  url: URL,
  context: EndpointContext,
): Promise<ChosenTrust> {
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
    const pem = await readSmallFile(flags.certificateAuthority, 'certificate authority');
    const ca = authorityText(pem, flags.certificateAuthority);
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

/** The flags win over what the kubeconfig says about the server. */
export async function apiServerTrust(flags: ConnectionFlags, connection: Connection): Promise<ChosenTrust> {
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
