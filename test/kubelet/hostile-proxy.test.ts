import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type ColdcaseError, ExitCode } from '../../src/base/errors.js';
import { openTunnel } from '../../src/kubelet/tunnel.js';
import { failure } from '../support/kubelet/kubeconfig-scene.js';

const SERVER = { host: 'api.cluster.invalid', port: 6443 };
const PATIENCE = 400;
const running: { server: Server; open: Set<Socket> }[] = [];
afterEach(() => {
  for (const { server, open } of running.splice(0)) {
    server.close();
    for (const socket of open) socket.destroy();
  }
});

/** A proxy that does to whoever connects what a test says. */
async function proxy(does: (client: Socket) => void, scheme = 'socks5'): Promise<URL> {
  const open = new Set<Socket>();
  const server = createServer((client) => {
    open.add(client.on('error', () => undefined));
    does(client);
  });
  running.push({ server, open });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const at = server.address();
  if (at === null || typeof at === 'string') throw new Error('no port');
  return new URL(`${scheme}://ada:SECRET@127.0.0.1:${at.port}`);
}

const opened = (url: URL): Promise<Socket> => openTunnel(url, SERVER, undefined, PATIENCE);
/** Answers to each piece that comes with the next of these. */
const answers =
  (...parts: readonly Uint8Array[]) =>
  (client: Socket): void => {
    const left = [...parts];
    client.on('data', () => {
      const next = left.shift();
      if (next) client.write(next);
    });
  };
const bytes = (...values: number[]): Uint8Array => Uint8Array.of(...values);

test.each<[string, string, (client: Socket) => void, string]>([
  ['never answers', 'socks5', () => undefined, 'does not answer'],
  ['never answers', 'http', () => undefined, 'cannot be used'],
  ['drips a head without end', 'http', (client) => void drip(client), 'cannot be used'],
  ['sends a head without end', 'http', (client) => flood(client), 'cannot be used'],
  ['hangs up', 'socks5', (client) => void client.end(), 'closed the connection'],
  ['hangs up', 'http', (client) => void client.end(), 'closed the connection'],
  ['hangs up in its answer', 'socks5', (client) => void client.end(bytes(5)), 'closed the connection'],
  ['speaks SOCKS4', 'socks5', answers(bytes(0, 90)), 'does not speak SOCKS5'],
  ['wants a login of another kind', 'socks5', answers(bytes(5, 1)), 'another login than a password'],
  ['answers the login otherwise', 'socks5', answers(bytes(5, 2), bytes(5, 0)), 'with something else'],
  ['refuses the login', 'socks5', answers(bytes(5, 2), bytes(1, 1)), 'does not take the name'],
  ['changes its version', 'socks5', answers(bytes(5, 0), bytes(4, 0, 0, 1)), 'does not speak SOCKS5'],
  ['answers an unknown code', 'socks5', answers(bytes(5, 0), bytes(5, 99, 0, 1)), 'it answers 99'],
  ['has an unknown kind of address', 'socks5', answers(bytes(5, 0), bytes(5, 0, 0, 9)), 'no known kind'],
  ['stops in the address', 'socks5', answers(bytes(5, 0), bytes(5, 0, 0, 3, 200)), 'does not answer'],
])('a proxy that %s, %s, is an error in time, without its password', async (_, scheme, does, message) => {
  const url = await proxy(does, scheme);
  const started = performance.now();
  const error = await failure(opened(url));
  expect(performance.now() - started).toBeLessThan(PATIENCE + 2500);
  expect([ExitCode.failed, ExitCode.denied]).toContain(error.exitCode);
  expect(error.message).toContain(message);
  expect(error.message).toContain(url.host);
  expect(error.remedy).toBeDefined();
  expect(everythingOf(error)).not.toContain('SECRET');
});

test('one that answers byte by byte, with a long name, is understood, and no listener is left behind', async () => {
  const name = Buffer.alloc(255, 'x');
  const reply = [5, 0, 1, 0, 5, 0, 0, 3, name.length, ...name, 0, 80, 0x21];
  const warnings: Error[] = [];
  const warn = (warning: Error): void => void warnings.push(warning);
  process.on('warning', warn);
  try {
    const url = await proxy((client) => {
      client.setNoDelay(true);
      client.resume();
      const timer = setInterval(() => {
        const next = reply.shift();
        if (next === undefined) clearInterval(timer);
        else client.write(bytes(next));
      }, 1);
    });
    // its own protocol: no login is wanted here, and two bytes of the answer to one would be taken for a reply
    reply.splice(2, 2);
    const socket = await openTunnel(url, SERVER, undefined, 5000);
    const [first] = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
    expect(first).toBe(0x21); // of the server, not of the proxy
    expect(socket.listenerCount('close')).toBeLessThan(4);
    socket.destroy();
  } finally {
    process.off('warning', warn);
  }
  expect(warnings).toEqual([]);
});

test.each([
  [1, 4],
  [4, 16],
])('an address of kind %i in its answer is taken whole, and not for the server', async (kind, length) => {
  const reply = [5, 0, 0, kind, ...Buffer.alloc(length + 2, 7), 0x21];
  const socket = await opened(await proxy(answers(bytes(5, 0), Uint8Array.from(reply))));
  const [first] = await new Promise<Buffer>((resolve) => {
    socket.once('data', resolve);
    socket.resume();
  });
  socket.destroy();
  expect(first).toBe(0x21);
});

test('a password that does not fit is an error', async () => {
  const url = await proxy(answers(bytes(5, 2)));
  url.password = 'SECRET'.repeat(50);
  const error = await failure(opened(url));
  expect(error.message).toContain('too long');
  expect(everythingOf(error)).not.toContain('SECRET');
});

test.each([
  ['api.cluster.invalid', [3, 19, ...Buffer.from('api.cluster.invalid')]],
  ['10.1.2.3', [1, 10, 1, 2, 3]],
  ['[fd00::1:2]', [4, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2]],
  ['::1', [4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]],
])('%s is asked for in its own form, and never looked up here', async (host, address) => {
  let asked: number[] = [];
  const url = await proxy((client) => {
    client.once('data', () => {
      client.once('data', (request) => {
        asked = [...request];
        client.write(bytes(5, 0, 0, 1, 0, 0, 0, 0, 0, 0));
      });
      client.write(bytes(5, 0));
    });
  });
  (await openTunnel(url, { host, port: 6443 }, undefined, 2000)).destroy();
  expect(asked).toEqual([5, 1, 0, ...address, 0x19, 0x2b]);
});

test('what cannot be decoded in its URL is an error that does not quote it', async () => {
  const { port } = await proxy(answers(bytes(5, 2)));
  for (const scheme of ['http', 'socks5']) {
    const error = await failure(opened(new URL(`${scheme}://ada:SECRET%zz@127.0.0.1:${port}`)));
    expect(error.message).toContain('cannot be decoded');
    expect(everythingOf(error)).not.toContain('SECRET');
  }
});

function drip(client: Socket): void {
  client.write('HTTP/1.1 200 OK\r\n');
  const timer = setInterval(() => client.write('x: y\r\n'), 20);
  client.on('close', () => clearInterval(timer));
}

function flood(client: Socket): void {
  client.write('HTTP/1.1 200 OK\r\n');
  const more = (): void => {
    while (!client.destroyed && client.write(`x: ${'y'.repeat(8000)}\r\n`));
  };
  client.on('drain', more);
  more();
}

/** What --debug prints too. */
function everythingOf(error: ColdcaseError): string {
  const parts: string[] = [error.remedy ?? '', ...error.more];
  for (let at: unknown = error; at instanceof Error; at = at.cause) parts.push(at.stack ?? at.message);
  return parts.join('\n');
}
