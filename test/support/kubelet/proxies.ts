import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Issued } from '../../../src/kubelet/embedded/x509.js';

export interface RunningProxy {
  readonly port: number;
  /** What it connected to, `host:port`, in order. */
  readonly asked: string[];
  close(): Promise<void>;
}

interface Login {
  readonly name: string;
  readonly password: string;
}

/** An HTTP proxy that only tunnels (CONNECT), over TLS when it is given a certificate. */
export async function startConnectProxy(
  options: { serving?: Issued; login?: Login; refuses?: boolean } = {},
): Promise<RunningProxy> {
  const asked: string[] = [];
  const server = options.serving
    ? createHttpsServer({ cert: options.serving.cert, key: options.serving.key })
    : createHttpServer();
  const { name, password } = options.login ?? { name: '', password: '' };
  const wanted = `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
  server.on('connect', (request: IncomingMessage, client: Duplex) => {
    asked.push(request.url ?? '');
    client.on('error', () => undefined);
    if (options.login && request.headers['proxy-authorization'] !== wanted) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      return;
    }
    if (options.refuses) {
      client.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      return;
    }
    const [host = '', port = ''] = (request.url ?? '').split(':');
    const upstream = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      client.pipe(upstream).pipe(client);
    });
    upstream.on('error', () => client.destroy());
    client.on('close', () => upstream.destroy());
  });
  return listening(server, asked);
}

/** A SOCKS5 proxy (RFC 1928, 1929); every name is this machine. */
export async function startSocksProxy(
  options: { login?: Login; reply?: number; silent?: boolean } = {},
): Promise<RunningProxy> {
  const asked: string[] = [];
  const server = createServer((client) => {
    client.on('error', () => undefined);
    if (options.silent) return;
    void serve(client).catch(() => client.destroy());
  });
  async function serve(client: Socket): Promise<void> {
    const take = reader(client);
    const [, count = 0] = await take(2);
    const methods = await take(count);
    const method = options.login ? 2 : 0;
    if (!methods.includes(method)) {
      client.end(Buffer.of(5, 0xff));
      return;
    }
    client.write(Buffer.of(5, method));
    if (options.login) {
      const [, length = 0] = await take(2);
      const name = String(await take(length));
      const password = String(await take((await take(1))[0] ?? 0));
      const good = name === options.login.name && password === options.login.password;
      client.write(Buffer.of(1, good ? 0 : 1));
      if (!good) return void client.end();
    }
    const [, , , kind] = await take(4);
    const host =
      kind === 3
        ? String(await take((await take(1))[0] ?? 0))
        : [...(await take(kind === 1 ? 4 : 16))].join('.');
    const port = (await take(2)).readUInt16BE();
    asked.push(`${host}:${port}`);
    if (options.reply) return void client.end(Buffer.of(5, options.reply, 0, 1, 0, 0, 0, 0, 0, 0));
    const upstream = connect(port, '127.0.0.1', () => {
      client.write(Buffer.of(5, 0, 0, 1, 127, 0, 0, 1, 0, 0));
      client.pipe(upstream).pipe(client);
    });
    upstream.on('error', () => client.destroy());
    client.on('close', () => upstream.destroy());
  }
  return listening(server, asked);
}

function reader(socket: Socket): (size: number) => Promise<Buffer> {
  return async (size) => {
    for (;;) {
      const bytes: unknown = size === 0 ? Buffer.alloc(0) : socket.read(size);
      if (Buffer.isBuffer(bytes) && bytes.length === size) return bytes;
      if (socket.destroyed || socket.readableEnded) throw new Error('the client is gone');
      await new Promise<void>((resolve) => {
        socket.once('readable', resolve);
        socket.once('close', resolve);
      });
    }
  };
}

function listening(server: Server, asked: string[]): Promise<RunningProxy> {
  const open = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      const close = (): Promise<void> =>
        new Promise((done) => {
          server.close(() => done());
          for (const socket of open) socket.destroy();
        });
      resolve({ port, asked, close });
    });
  });
}
