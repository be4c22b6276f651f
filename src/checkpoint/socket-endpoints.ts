import type { InetSkEntry } from '../criu/schema/sockets.js';
import { formatEndpoint, formatInetWords } from './addresses.js';
import { inetProtocol } from './names/sockets.js';

const AF_INET6 = 10;

/** Both ends of an internet socket. */
export interface InetEndpoints {
  /** `tcp`, `udp6` and so on. */
  readonly protocol: string;
  /** `127.0.0.1:80`, `[::1]:80`. */
  readonly local: string;
  /** Undefined when the socket is connected to nothing. */
  readonly remote: string | undefined;
}

export function inetEndpoints(socket: InetSkEntry): InetEndpoints {
  const ipv6 = socket.family === AF_INET6;
  const connected = socket.dst_port !== 0 || socket.dst_addr.some((word) => word !== 0);
  return {
    protocol: inetProtocol(socket.proto, socket.family, socket.type),
    local: formatEndpoint(formatInetWords(socket.src_addr, ipv6), socket.src_port),
    remote: connected ? formatEndpoint(formatInetWords(socket.dst_addr, ipv6), socket.dst_port) : undefined,
  };
}
