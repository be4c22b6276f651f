import { isIP } from 'node:net';
import { type ConnectionOptions, checkServerIdentity, TLSSocket } from 'node:tls';
import { buildConnector, type Dispatcher, Pool } from 'undici';
import { FailedError } from '../base/errors.js';
import { connectionFailure, TimedOutError } from './connection-errors.js';
import { refusal, type Trust } from './trust.js';
import { openTunnel } from './tunnel.js';

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
  /** A proxy on the way: http, https or socks5; its URL may hold a password. */
  readonly proxy?: URL | undefined;
  /** For credentials that end: when, if that is known, and how to log in again. */
  readonly renewal?:
    | { readonly expires: Date | undefined; readonly renew: () => Promise<Connection> }
    | undefined;
}

export interface Request {
  readonly method: 'GET' | 'POST';
  /** Path with the query, each part already percent-encoded. */
  readonly path: string;
  readonly body?: string | undefined;
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
  #connection: Connection;
  #dispatcher: Dispatcher;
  #renewing: Promise<void> | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.where = connection.url.host;
    this.#dispatcher = dispatcherFor(connection, this.where);
  }

  /**
   * Sends a request and reads the whole answer, whatever its status. Credentials that have ended, or that the server
   * does not know (any more), are renewed first where that can be done: a request that was answered 401 did nothing.
   *
   * @throws TimedOutError, UnsafeError (the server is not the one meant), FailedError; the signal's reason
   */
  async request(request: Request): Promise<Answer> {
    const { expires } = this.#connection.renewal ?? {};
    if (expires !== undefined && expires.getTime() <= Date.now()) await this.#renew(this.#connection);
    const used = this.#connection;
    const answer = await this.#send(request);
    if (answer.status !== 401 || used.renewal === undefined) return answer;
    await this.#renew(used);
    return this.#send(request);
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy();
  }

  /** Once for all requests that find the same credentials wanting. */
  async #renew(used: Connection): Promise<void> {
    if (used !== this.#connection) return;
    this.#renewing ??= (async () => {
      // what the flags said of the server stays
      const fresh = { ...(await used.renewal?.renew()), trust: used.trust };
      const before = this.#dispatcher;
      this.#connection = { ...used, ...fresh };
      this.#dispatcher = dispatcherFor(this.#connection, this.where);
      void before.close(); // when the requests that are under way are done
    })().finally(() => {
      this.#renewing = undefined;
    });
    await this.#renewing;
  }

  async #send(request: Request): Promise<Answer> {
    const deadline = AbortSignal.timeout(request.timeout);
    const signal = request.signal ? AbortSignal.any([request.signal, deadline]) : deadline;
    try {
      signal.throwIfAborted();
      const response = await this.#dispatcher.request({
        origin: this.#connection.url.origin,
        path: this.#connection.url.pathname.replace(/\/$/, '') + request.path,
        method: request.method,
        headers: { accept: 'application/json, */*', ...this.#connection.headers },
        ...(request.body === undefined ? {} : { body: request.body }),
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
}

/** An answer as text. Put together as it comes: of one that comes a byte at a time, a million pieces are not kept. */
async function bounded(body: AsyncIterable<Uint8Array>, limit: number, where: string): Promise<string> {
  let bytes = Buffer.alloc(0);
  let size = 0;
  for await (const part of body) {
    if (size + part.length > limit) {
      throw new FailedError(`the answer of ${where} is longer than ${limit} bytes`, {
        remedy: 'nothing that answers so is the server that was meant: check the address',
      });
    }
    if (size + part.length > bytes.length) {
      const larger = Buffer.alloc(Math.max(2 * bytes.length, size + part.length, 16 * 1024));
      bytes.copy(larger, 0, 0, size);
      bytes = larger;
    }
    bytes.set(part, size);
    size += part.length;
  }
  return bytes.toString('utf8', 0, size);
}

function dispatcherFor(connection: Connection, where: string): Dispatcher {
  const { trust } = connection;
  const tls = {
    ...(trust.kind === 'authority' && trust.ca !== undefined ? { ca: trust.ca } : {}),
    ...(trust.kind === 'authority' ? nameToVerify(trust.serverName) : {}),
    ...(connection.cert === undefined ? {} : { cert: connection.cert }),
    ...(connection.key === undefined ? {} : { key: connection.key }),
  };
  const open = buildConnector({
    ...tls,
    timeout: CONNECT_TIMEOUT,
    maxCachedSessions: 0,
    // not left to TLS: refusal() decides right below, before anything is sent, and can show what was refused
    rejectUnauthorized: false,
  });
  const through = connection.proxy === undefined ? open : proxied(open, connection, connection.proxy);
  const checked: buildConnector.connector = (options, callback) =>
    through(options, (...[error, socket]) => {
      if (error) return callback(error, null);
      const problem = socket instanceof TLSSocket ? refusal(socket, trust, where) : undefined;
      if (!problem) return callback(null, socket);
      socket.destroy();
      callback(problem, null);
    });
  return new Pool(connection.url.origin, { connect: checked, connections: 4, maxHeaderSize: 64 << 10 });
}

/** Which name the certificate must be for: an address can be one, and cannot be sent (RFC 6066, section 3). */
function nameToVerify(
  serverName: string | undefined,
): Pick<ConnectionOptions, 'servername' | 'checkServerIdentity'> {
  if (serverName === undefined) return {};
  if (isIP(serverName) === 0) return { servername: serverName };
  return { checkServerIdentity: (_host, certificate) => checkServerIdentity(serverName, certificate) };
}

/** Connects by a tunnel through the proxy, inside of which TLS is as it would be without. */
function proxied(
  open: buildConnector.connector,
  { trust }: Connection,
  proxy: URL,
): buildConnector.connector {
  return (options, callback) => {
    const port = Number(options.port || (options.protocol === 'https:' ? 443 : 80));
    const ca = trust.kind === 'authority' ? trust.ca : undefined;
    openTunnel(proxy, { host: options.hostname, port }, ca, CONNECT_TIMEOUT).then(
      (socket) => {
        if (options.protocol === 'https:') open({ ...options, httpSocket: socket }, callback);
        else callback(null, socket);
      },
      (error: Error) => callback(error, null),
    );
  };
}
