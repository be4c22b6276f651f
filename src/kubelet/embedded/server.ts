import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { TLSSocket } from 'node:tls';
import type { EmbeddedReply } from './answers.js';
import type { Issued } from './x509.js';

export interface HttpsOptions {
  readonly serving: Issued;
  /** PEM of the authority whose client certificates are believed. */
  readonly clientAuthority: string;
  /** Bearer token to user name. */
  readonly tokens?: Readonly<Record<string, string>>;
  /** 0, the default, takes any free port. */
  readonly port?: number;
}

/** Answers one request; a handler that wants to misbehave may write to the response itself and return undefined. */
export type Handler = (
  request: { readonly method: string; readonly url: URL; readonly user: string | undefined },
  raw: { readonly request: IncomingMessage; readonly response: ServerResponse },
) => Promise<EmbeddedReply | undefined>;

export interface RunningServer {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves HTTPS on the loopback address as a kubelet does: client certificates are asked for and not insisted on, the
 * common name of a valid one is the user.
 */
export async function serveHttps(options: HttpsOptions, handler: Handler): Promise<RunningServer> {
  const server = createServer(
    {
      cert: options.serving.cert,
      key: options.serving.key,
      ca: options.clientAuthority,
      requestCert: true,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
    },
    (request, response) => {
      const url = new URL(request.url ?? '/', 'https://kubelet');
      const asked = { method: request.method ?? 'GET', url, user: userOf(request, options.tokens ?? {}) };
      handler(asked, { request, response }).then(
        (reply) => {
          request.resume(); // what of its body the handler has not read
          if (reply) send(response, reply);
        },
        (error: unknown) => send(response, { status: 500, type: 'text/plain', body: String(error) }),
      );
    },
  );
  const port = await listen(server, options.port ?? 0);
  return {
    url: `https://127.0.0.1:${port}`,
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function send(response: ServerResponse, reply: EmbeddedReply): void {
  response.writeHead(reply.status, {
    'content-type': reply.type,
    'content-length': Buffer.byteLength(reply.body),
  });
  response.end(reply.body);
}

function userOf(request: IncomingMessage, tokens: Readonly<Record<string, string>>): string | undefined {
  const { socket } = request;
  if (socket instanceof TLSSocket && socket.authorized) {
    const name = socket.getPeerCertificate().subject?.CN;
    if (typeof name === 'string') return name;
  }
  const [, token = ''] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? [];
  return Object.hasOwn(tokens, token) ? tokens[token] : undefined;
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}
