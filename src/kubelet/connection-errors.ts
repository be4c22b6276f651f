import { ColdcaseError, DeniedError, FailedError } from '../base/errors.js';
import { formatDuration } from '../base/units.js';

/** The client's own patience ended (--request-timeout); what was asked for may still be happening. */
export class TimedOutError extends FailedError {
  /** Milliseconds. */
  readonly timeout: number;

  constructor(where: string, timeout: number) {
    super(`no answer from ${where} within ${formatDuration(timeout)}`, {
      remedy: 'give it more time by --request-timeout, or see whether the kubelet is stuck',
    });
    this.timeout = timeout;
  }
}

/** The connection ended after the request was sent and before it was answered. */
export class CutError extends FailedError {}

type Explain = (host: string) => ColdcaseError;

/** What Node, undici and OpenSSL say when a connection fails, and what a user can do about it. */
const BY_CODE: Readonly<Record<string, Explain>> = {
  ENOTFOUND: (host) =>
    new FailedError(`the host ${host} is not known`, {
      remedy: 'check the name in --kubelet or the kubeconfig',
    }),
  EAI_AGAIN: (host) =>
    new FailedError(`the name ${host} cannot be looked up now`, {
      remedy: 'DNS does not answer here; try the IP address',
    }),
  ECONNREFUSED: (host) =>
    new FailedError(`nothing listens at ${host}`, {
      remedy: 'is the kubelet running (systemctl status kubelet), and is this its address and port?',
    }),
  EHOSTUNREACH: (host) => unreachable(host),
  ENETUNREACH: (host) => unreachable(host),
  ETIMEDOUT: (host) => unreachable(host),
  UND_ERR_CONNECT_TIMEOUT: (host) => unreachable(host),
  ECONNRESET: (host) => cut(host),
  EPIPE: (host) => cut(host),
  UND_ERR_SOCKET: (host) => cut(host),
  ERR_SSL_WRONG_VERSION_NUMBER: (host) => noTls(host),
  ERR_SSL_PACKET_LENGTH_TOO_LONG: (host) => noTls(host),
  ERR_SSL_HTTP_REQUEST: (host) => noTls(host),
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: (host) =>
    new DeniedError(`${host} wants a client certificate`, {
      remedy: 'give one by --client-certificate and --client-key',
    }),
};

function unreachable(host: string): ColdcaseError {
  return new FailedError(`${host} cannot be reached`, {
    remedy: 'a firewall or a wrong address; try it from the node',
  });
}

function cut(host: string): ColdcaseError {
  return new CutError(`${host} closed the connection before it answered`, {
    remedy: 'the kubelet may have restarted: journalctl -u kubelet tells',
  });
}

function noTls(host: string): ColdcaseError {
  return new FailedError(`what listens at ${host} does not speak TLS`, {
    remedy: "the kubelet's port is 10250, the API server's 6443",
  });
}

/** Turns whatever a request threw into an error that says what to do. */
export function connectionFailure(error: unknown, url: URL): ColdcaseError {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth += 1) {
    if (at instanceof ColdcaseError) return at;
    const nested = at instanceof AggregateError ? at.errors : [at];
    for (const one of nested) {
      const code = codeOf(one) ?? '';
      const explain = BY_CODE[code];
      if (explain) return explain(url.host);
      if (code.startsWith('ERR_SSL') && code.includes('ALERT')) return alert(url.host, code, error);
      if (code.startsWith('HPE_') || code === 'UND_ERR_HEADERS_OVERFLOW') {
        return new FailedError(`what listens at ${url.host} does not answer in HTTP (${code})`, {
          remedy: 'check the address',
          cause: error,
        });
      }
    }
  }
  const message = error instanceof Error ? error.message : String(error);
  return new FailedError(`talking to ${url.host} failed: ${message}`, { cause: error });
}

function alert(host: string, code: string, cause: unknown): ColdcaseError {
  const what = code
    .replace(/^ERR_SSL_/, '')
    .toLowerCase()
    .replaceAll('_', ' ');
  return new DeniedError(`${host} refused the TLS handshake: ${what}`, {
    remedy: 'does the client certificate come from an authority that this server trusts?',
    cause,
  });
}

/** The code of an error of Node's, OpenSSL's or undici's (`ECONNREFUSED`, `ERR_SSL_...`, `UND_ERR_...`). */
export function codeOf(error: unknown): string | undefined {
  if (typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string') {
    return error.code;
  }
  return undefined;
}
