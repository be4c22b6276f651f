import { once } from 'node:events';
import { connect, isIP, Socket } from 'node:net';
import { rootCertificates } from 'node:tls';
import { Client } from 'undici';
import { ColdcaseError, DeniedError, FailedError } from '../base/errors.js';
import { urlLogin } from '../base/url-login.js';
import { connectionFailure } from './connection-errors.js';
import { socks5Connect } from './socks5.js';

/**
 * A connection to a server through a proxy: by CONNECT of an HTTP proxy (RFC 9110, section 9.3.6), or by SOCKS5.
 *
 * @param ca - authorities besides the system's that an https proxy may be trusted by, PEM
 * @param timeout - for the tunnel to stand, in milliseconds
 * @throws DeniedError, FailedError that name the proxy
 */
export async function openTunnel(
  proxy: URL,
  server: { readonly host: string; readonly port: number },
  ca: string | undefined,
  timeout: number,
): Promise<Socket> {
  try {
    return await (proxy.protocol.startsWith('socks') ? bySocks : byConnect)(proxy, server, ca, timeout);
  } catch (error) {
    if (error instanceof ColdcaseError) throw error;
    const why = connectionFailure(error, proxy).message;
    throw new FailedError(`the proxy ${proxy.host} cannot be used: ${why}`, {
      remedy: 'check proxy-url in the kubeconfig, or HTTPS_PROXY',
      cause: error,
    });
  }
}

type Open = (
  proxy: URL,
  server: { readonly host: string; readonly port: number },
  ca: string | undefined,
  timeout: number,
) => Promise<Socket>;

const bySocks: Open = async (proxy, { host, port }, _ca, timeout) => {
  const socket = connect(Number(proxy.port || 1080), proxy.hostname.replace(/^\[|\]$/g, ''));
  const timer = setTimeout(() => socket.destroy(timedOut(proxy)), timeout);
  socket.on('error', () => undefined); // is looked at as `errored`
  try {
    await once(socket, 'connect');
    await socks5Connect(socket, proxy, host, port);
    return socket;
  } catch (error) {
    socket.destroy();
    throw socket.errored ?? error;
  } finally {
    clearTimeout(timer);
  }
};

const byConnect: Open = async (proxy, { host, port }, ca, timeout) => {
  const authority = ca === undefined ? {} : { ca: [...rootCertificates, ca] };
  const client = new Client(proxy.origin, { connect: { timeout, ...authority }, headersTimeout: timeout });
  const { name = '', password = '' } = urlLogin(proxy) ?? {};
  const login = Buffer.from(`${name}:${password}`).toString('base64');
  const where = isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
  const { statusCode, socket } = await client.connect({
    path: where,
    signal: AbortSignal.timeout(timeout),
    headers: {
      host: where,
      ...(urlLogin(proxy) === undefined ? {} : { 'proxy-authorization': `Basic ${login}` }),
    },
  });
  if (statusCode === 200 && socket instanceof Socket) return socket;
  socket.on('error', () => undefined).destroy();
  if (statusCode === 407) {
    throw new DeniedError(`the proxy ${proxy.host} wants a name and a password, or others (407)`, {
      remedy: `give them in its URL: ${proxy.protocol}//NAME:PASSWORD@HOST:PORT`,
    });
  }
  throw new FailedError(`the proxy ${proxy.host} does not connect to ${where} (${statusCode})`, {
    remedy: 'may it go there? check proxy-url in the kubeconfig, HTTPS_PROXY and NO_PROXY',
  });
};

function timedOut(proxy: URL): FailedError {
  return new FailedError(`the proxy ${proxy.host} does not answer`, {
    remedy: 'check proxy-url in the kubeconfig, or HTTPS_PROXY',
  });
}
