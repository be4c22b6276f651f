import type { FileEntry } from '../criu/schema/fdinfo.js';
import type { SkOptsEntry, TcpOptsEntry, TcpStreamEntry } from '../criu/schema/socket-options.js';
import type { UnixSkEntry } from '../criu/schema/sockets.js';
import { type FileTable, unixAddress } from './file-table.js';
import type { Images } from './images.js';
import { netlinkFamily, socketState, socketType } from './names/sockets.js';
import { inetEndpoints } from './socket-endpoints.js';

/** What a socket is, whoever has it open. Text is untrusted. */
export interface SocketFacts {
  /** `tcp`, `tcp6`, `udp`, `raw`, ..., `unix`, `netlink`, `packet`. */
  readonly protocol: string;
  /** STREAM, DGRAM, SEQPACKET, RAW. */
  readonly type: string;
  /** LISTEN, ESTABLISHED, CLOSE and so on. */
  readonly state: string;
  /** Address and port, a path, or `@` and an abstract name. */
  readonly local: string | undefined;
  readonly remote: string | undefined;
  readonly inode: number | undefined;
  /** Bytes received and not read. */
  readonly receiveQueue: number;
  /** Bytes sent and not acknowledged. */
  readonly sendQueue: number;
  /** Buffers' limits in bytes. */
  readonly receiveBuffer: number;
  readonly sendBuffer: number;
  /** Connections that may wait to be accepted; only of listeners. */
  readonly backlog: number | undefined;
  readonly options: readonly string[];
  /** Device that the socket is bound to. */
  readonly device: string | undefined;
  readonly deleted: boolean;
  readonly shutdown: string | undefined;
}

/**
 * The facts of a socket of any family; undefined for files that are none.
 *
 * @param queued - bytes that wait in the image of socket queues
 */
export async function socketFacts(
  images: Images,
  table: FileTable,
  file: FileEntry,
  queued: number,
): Promise<SocketFacts | undefined> {
  if (file.isk) {
    const { isk } = file;
    const name = `tcp-stream-${isk.ino.toString(16)}`;
    // what is not there is not asked for: images that were are remembered, and most sockets have none
    const stream =
      (await images.entry(name)) === undefined ? undefined : await images.first('TCP_STREAM', name);
    return {
      ...inetEndpoints(isk),
      type: socketType(isk.type),
      state: socketState(isk.state),
      inode: isk.ino,
      ...common(isk.opts, isk.tcp_opts, stream),
      receiveQueue: stream?.inq_len ?? queued,
      sendQueue: stream?.outq_len ?? 0,
      backlog: isk.state === LISTEN ? isk.backlog : undefined,
      device: isk.ifname ?? isk.opts.so_bound_dev,
      deleted: false,
      shutdown: shutdownName(isk.shutdown),
    };
  }
  if (file.usk) return unixFacts(table, file.usk, queued);
  if (file.nlsk) {
    const { nlsk } = file;
    return {
      protocol: 'netlink',
      type: netlinkFamily(nlsk.protocol),
      state: socketState(nlsk.state),
      local: `port ${nlsk.portid}`,
      remote: nlsk.dst_portid === 0 && nlsk.dst_group === 0 ? undefined : `port ${nlsk.dst_portid}`,
      inode: nlsk.ino,
      ...common(nlsk.opts, undefined, undefined),
      receiveQueue: queued,
      backlog: undefined,
      device: nlsk.opts.so_bound_dev,
      deleted: false,
      shutdown: undefined,
    };
  }
  if (file.psk) {
    const { psk } = file;
    return {
      protocol: 'packet',
      type: socketType(psk.type),
      state: socketState(CLOSE),
      local: `interface ${psk.ifindex}, protocol 0x${psk.protocol.toString(16).padStart(4, '0')}`,
      remote: undefined,
      inode: undefined,
      ...common(psk.opts, undefined, undefined),
      receiveQueue: queued,
      backlog: undefined,
      device: psk.opts.so_bound_dev,
      deleted: false,
      shutdown: undefined,
    };
  }
  return undefined;
}

const CLOSE = 7;
const LISTEN = 10;

function unixFacts(table: FileTable, socket: UnixSkEntry, queued: number): SocketFacts {
  return {
    protocol: 'unix',
    type: socketType(socket.type),
    state: socketState(socket.state),
    local: unixAddress(socket),
    remote: socket.peer === 0 ? undefined : unixPeerAddress(table, socket.peer),
    inode: socket.ino,
    ...common(socket.opts, undefined, undefined),
    receiveQueue: queued,
    backlog: socket.state === LISTEN ? socket.backlog : undefined,
    device: undefined,
    deleted: socket.deleted === true,
    shutdown: shutdownName(socket.shutdown),
  };
}

/** The peer's address, or its inode where it has none: an end of a socketpair, or a process outside. */
function unixPeerAddress(table: FileTable, inode: number): string {
  const peer = unixByInode(table).get(inode);
  return (peer === undefined ? undefined : unixAddress(peer)) ?? `socket:[${inode}]`;
}

const indexes = new WeakMap<FileTable, ReadonlyMap<number, UnixSkEntry>>();

function unixByInode(table: FileTable): ReadonlyMap<number, UnixSkEntry> {
  const known = indexes.get(table);
  if (known !== undefined) return known;
  const index = new Map(
    [...table.files.values()].flatMap(({ usk }) => (usk === undefined ? [] : [[usk.ino, usk] as const])),
  );
  indexes.set(table, index);
  return index;
}

function common(
  options: SkOptsEntry,
  tcp: TcpOptsEntry | undefined,
  stream: TcpStreamEntry | undefined,
): Pick<SocketFacts, 'receiveQueue' | 'sendQueue' | 'receiveBuffer' | 'sendBuffer' | 'options'> {
  const names: string[] = [];
  const flag = (name: string, on: boolean | number | undefined): void => {
    if (on === true || (typeof on === 'number' && on > 0)) names.push(name);
  };
  const valued = (name: string, value: number | undefined): void => {
    if (value !== undefined && value > 0) names.push(`${name}=${value}`);
  };
  flag('reuseaddr', options.reuseaddr);
  flag('reuseport', options.so_reuseport);
  flag('keepalive', options.so_keepalive);
  flag('broadcast', options.so_broadcast);
  flag('dontroute', options.so_dontroute);
  flag('no_check', options.so_no_check);
  flag('oobinline', options.so_oobinline);
  flag('passcred', options.so_passcred);
  flag('passsec', options.so_passsec);
  flag('nodelay', tcp?.nodelay ?? stream?.nodelay);
  flag('cork', tcp?.cork ?? stream?.cork);
  flag('filter', options.so_filter.length > 0);
  valued('priority', options.so_priority);
  valued('mark', options.so_mark);
  valued('linger', options.so_linger);
  return {
    receiveQueue: 0,
    sendQueue: 0,
    receiveBuffer: options.so_rcvbuf,
    sendBuffer: options.so_sndbuf,
    options: names.length === 0 ? NONE : names,
  };
}

/** Most sockets have no option set. */
const NONE: readonly never[] = [];

function shutdownName(shutdown: string | number | undefined): string | undefined {
  return shutdown === undefined || shutdown === 'NONE' ? undefined : String(shutdown).toLowerCase();
}
