import { TLSSocket } from 'node:tls';
import { buildConnector, type Dispatcher, Pool, ProxyAgent } from 'undici';
import { FailedError } from '../base/errors.js';
import { connectionFailure, TimedOutError } from './connection-errors.js';
import { refusal, type Trust } from './trust.js';

/** Whom to talk to, and as whom. */
export interface Connection {
  /** `https://127.0.0.1:10250`; a path (an API server behind a gateway) is kept as a prefix. */
  readonly url: URL;
  readonly trust: Trust;
  /** PEM. */
  readonly cert?: string | undefined;
  /** PEM; secret. */
  readonly key?: string | undefined;
  /** Extra headers, among them Authorization; secret. */
  readonly headers?: Readonly<Record<string, string | string[]>> | undefined;
  /** An HTTP proxy on the way, as a kubeconfig may name one. */
  readonly proxy?: string | undefined;
}

export interface Request {
  readonly method: 'GET' | 'POST';
  /** Path with the query, each part already percent-encoded. */
  readonly path: string;
  /** How long the whole exchange may take, in milliseconds. */
  readonly timeout: number;
  /** The longest body that is read, in bytes. */
  readonly limit: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Answer {
  readonly status: number;
  /** Empty when there is none. */
  readonly contentType: string;
  /** Untrusted text. */
  readonly body: string;
}

const CONNECT_TIMEOUT = 10_000;

/** One server, over a few connections. Redirects are not followed, compression is not asked for. */
export class Transport {
  readonly where: string;
  readonly #connection: Connection;
  readonly #dispatcher: Dispatcher;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.where = connection.url.host;
    this.#dispatcher = dispatcherFor(connection, this.where);
  }

  /**
   * Sends a request and reads the whole answer, whatever its status.
   *
   * @throws TimedOutError, UnsafeError (the server is not the one meant), FailedError; the signal's reason
   */
  async request(request: Request): Promise<Answer> {
    const deadline = AbortSignal.timeout(request.timeout);
    const signal = request.signal ? AbortSignal.any([request.signal, deadline]) : deadline;
    try {
      signal.throwIfAborted();
      const response = await this.#dispatcher.request({
        origin: this.#connection.url.origin,
        path: this.#connection.url.pathname.replace(/\/$/, '') + request.path,
        method: request.method,
        headers: { accept: 'application/json, */*', ...this.#connection.headers },
        headersTimeout: 0,
        bodyTimeout: 0,
        signal,
      });
      const type = response.headers['content-type'];
      return {
        status: response.statusCode,
        contentType: (Array.isArray(type) ? type[0] : type) ?? '',
        body: await bounded(response.body, request.limit, this.where),
      };
    } catch (error) {
      if (request.signal?.aborted) throw request.signal.reason;
      if (deadline.aborted) throw new TimedOutError(this.where, request.timeout);
      throw connectionFailure(error, this.#connection.url);
    }
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy();
  }
}

async function bounded(body: AsyncIterable<Uint8Array>, limit: number, where: string): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body) {
    size += part.length;
    if (size > limit) {
      throw new FailedError(`the answer of ${where} is longer than ${limit} bytes`, {
        remedy: 'nothing that answers so is the server that was meant: check the address',
      });
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function dispatcherFor(connection: Connection, where: string): Dispatcher {
  const { trust } = connection;
  const tls = {
    ...(trust.kind === 'authority' && trust.ca !== undefined ? { ca: trust.ca } : {}),
    ...(trust.kind === 'authority' && trust.serverName !== undefined ? { servername: trust.serverName } : {}),
    ...(connection.cert === undefined ? {} : { cert: connection.cert }),
    ...(connection.key === undefined ? {} : { key: connection.key }),
  };
  if (connection.proxy !== undefined) {
    if (trust.kind === 'pin') throw new FailedError('a pinned certificate cannot be used through a proxy');
    const requestTls = { ...tls, rejectUnauthorized: trust.kind !== 'none' };
    return new ProxyAgent({ uri: connection.proxy, requestTls });
  }
  const open = buildConnector({
    ...tls,
    timeout: CONNECT_TIMEOUT,
    maxCachedSessions: 0,
    // not left to TLS: refusal() decides right below, before anything is sent, and can show what was refused
    rejectUnauthorized: false,
  });
  const checked: buildConnector.connector = (options, callback) =>
    open(options, (...[error, socket]) => {
      if (error) return callback(error, null);
      const problem = socket instanceof TLSSocket ? refusal(socket, trust, where) : undefined;
      if (!problem) return callback(null, socket);
      socket.destroy();
      callback(problem, null);
    });
  return new Pool(connection.url.origin, { connect: checked, connections: 4, maxHeaderSize: 64 << 10 });
}
