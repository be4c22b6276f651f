import { isIP, type Socket } from 'node:net';
import { DeniedError, FailedError } from '../base/errors.js';
import { urlLogin } from '../base/url-login.js';

const VERSION = 5;
const NO_LOGIN = 0;
const PASSWORD = 2;
/** Of the negotiation by name and password (RFC 1929). */
const LOGIN_VERSION = 1;
/** After each of these there is something to read, or never will be; what an error was is kept as `errored`. */
const EVENTS = ['readable', 'end', 'close', 'error'];
/** RFC 1928, section 6. */
const REFUSALS: Readonly<Record<number, string>> = {
  1: 'it failed',
  2: 'its rules do not allow this',
  3: 'the network is not reachable from it',
  4: 'the host is not known to it, or not reachable',
  5: 'nothing listens there',
  6: 'the connection took too long',
  7: 'it does not do this',
  8: 'it does not know this kind of address',
};

/**
 * Has a SOCKS5 proxy connect to a server (RFC 1928), logging in with the name and password of its URL where it wants
 * that (RFC 1929). Names are looked up by the proxy, as Go's client does.
 *
 * @param socket - connected to the proxy; afterwards it is the connection to the server
 * @throws DeniedError, FailedError
 */
export async function socks5Connect(socket: Socket, proxy: URL, host: string, port: number): Promise<void> {
  const incoming = readerOf(socket);
  try {
    await negotiate(socket, proxy, host, port, incoming.take);
  } finally {
    incoming.release();
  }
}

async function negotiate(
  socket: Socket,
  proxy: URL,
  host: string,
  port: number,
  read: (size: number) => Promise<Buffer | undefined>,
): Promise<void> {
  const login = urlLogin(proxy);
  const name = Buffer.from(login?.name ?? '');
  const password = Buffer.from(login?.password ?? '');
  const failed = (why: string): FailedError =>
    new FailedError(`the SOCKS proxy ${proxy.host} cannot be used: ${why}`, {
      remedy: 'check proxy-url in the kubeconfig, or HTTPS_PROXY',
    });
  const take = async (size: number): Promise<Buffer> => {
    const bytes = await read(size);
    if (bytes) return bytes;
    throw failed('it closed the connection');
  };
  const methods = name.length > 0 ? [NO_LOGIN, PASSWORD] : [NO_LOGIN];
  socket.write(Uint8Array.of(VERSION, methods.length, ...methods));
  const [version, method] = await take(2);
  if (version !== VERSION) throw failed('it does not speak SOCKS5');
  if (method === PASSWORD && name.length > 0) {
    if (name.length > 255 || password.length > 255) throw failed('its name or password is too long');
    socket.write(
      Buffer.concat([Buffer.of(LOGIN_VERSION, name.length), name, Buffer.of(password.length), password]),
    );
    const [spoken, status] = await take(2);
    if (spoken !== LOGIN_VERSION) throw failed('it answers the login with something else');
    if (status !== 0) throw denied('does not take the name and password that it was given');
  } else if (method !== NO_LOGIN) {
    throw denied(name.length > 0 ? 'wants another login than a password' : 'wants a name and a password');
  }
  socket.write(Buffer.concat([Buffer.of(VERSION, 1, 0), address(host), Buffer.of(port >> 8, port & 0xff)]));
  const [again, reply = 1, , kind] = await take(4);
  if (again !== VERSION) throw failed('it does not speak SOCKS5');
  if (reply !== 0) throw failed(`to ${host}:${port}, ${REFUSALS[reply] ?? `it answers ${reply}`}`);
  // the address that it connected from says nothing here
  await take((await lengthOf(kind)) + 2);

  async function lengthOf(kindOfAddress: number | undefined): Promise<number> {
    if (kindOfAddress === 1) return 4;
    if (kindOfAddress === 4) return 16;
    if (kindOfAddress === 3) return (await take(1))[0] ?? 0;
    throw failed('its answer holds an address of no known kind');
  }

  function denied(what: string): DeniedError {
    return new DeniedError(`the SOCKS proxy ${proxy.host} ${what}`, {
      remedy: 'give them in its URL: socks5://NAME:PASSWORD@HOST:PORT',
    });
  }
}

/**
 * Takes bytes off a socket: as many as are asked for, or undefined when there will never be so many.
 *
 * Listens all the while. A listener for `readable` that comes anew is called at once if anything at all is there:
 * whoever waited so for the rest of what came in part would turn in circles, and no timer or signal would get a turn.
 */
function readerOf(socket: Socket): { take(size: number): Promise<Buffer | undefined>; release(): void } {
  let wake = (): void => undefined;
  const awake = (): void => wake();
  for (const event of EVENTS) socket.on(event, awake);
  return {
    async take(size) {
      for (;;) {
        const woken = new Promise<void>((resolve) => {
          wake = resolve;
        });
        const bytes: unknown = socket.read(size);
        if (Buffer.isBuffer(bytes) && bytes.length === size) return bytes;
        if (socket.readableEnded || socket.destroyed || bytes !== null) return undefined;
        await woken;
      }
    },
    release() {
      for (const event of EVENTS) socket.off(event, awake);
    },
  };
}

function address(host: string): Buffer {
  const bare = host.replace(/^\[|\]$/g, '');
  if (isIP(bare) === 4) return Buffer.of(1, ...bare.split('.').map(Number));
  if (isIP(bare) === 6) return Buffer.concat([Buffer.of(4), groups(bare)]);
  const name = Buffer.from(bare);
  if (name.length > 255) throw new FailedError('the name of the server is too long for a SOCKS proxy');
  return Buffer.concat([Buffer.of(3, name.length), name]);
}

/** An IPv6 address as WHATWG URL writes it: hex groups, at most one `::`. */
function groups(text: string): Buffer {
  const [before = '', after] = text.split('::');
  const words = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const [head, tail] = [words(before), words(after ?? '')];
  const zeros = new Array<number>(8 - head.length - tail.length).fill(0);
  const bytes = Buffer.alloc(16);
  for (const [at, group] of [...head, ...zeros, ...tail].entries()) bytes.writeUInt16BE(group, at * 2);
  return bytes;
}
