import type { FileEntry } from '../criu/schema/fdinfo.js';
import type { SkOptsEntry, TcpOptsEntry, TcpStreamEntry } from '../criu/schema/socket-options.js';
import type { UnixSkEntry } from '../criu/schema/sockets.js';
import type { FileDescriptor } from './descriptors.js';
import { type FileTable, unixAddress } from './file-table.js';
import type { Images } from './images.js';
import { groupBy } from './memo.js';
import { netlinkFamily, socketState, socketType } from './names/sockets.js';
import { inetEndpoints } from './socket-endpoints.js';

/** An open socket of a process. Text is untrusted. */
export interface Socket {
  /** Undefined for a socket that no process has open: in flight over another, or waiting to be accepted. */
  readonly pid: number | undefined;
  readonly fd: number | undefined;
  readonly fileId: number;
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
  /** Who has the other end, when it is in this checkpoint. */
  readonly peer: { readonly pid: number; readonly fd: number } | undefined;
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

type Facts = Omit<Socket, 'pid' | 'fd' | 'fileId' | 'peer'>;

/** What connects a socket with its other end. */
interface Ends {
  readonly own: string;
  readonly other: string | undefined;
}

/** Every open socket, in the order of the descriptors; then those that nobody has open. */
export async function readSockets(
  images: Images,
  table: FileTable,
  descriptors: readonly FileDescriptor[],
): Promise<readonly Socket[]> {
  const queues = groupBy(await images.entries('SK_QUEUES', 'sk-queues'), ({ id_for }) => id_for);
  const facts = new Map<number, Facts>();
  const ends = new Map<number, Ends>();
  for (const [id, file] of table.files) {
    const known = await socketFacts(
      images,
      table,
      file,
      queues.get(id)?.reduce((sum, { length }) => sum + length, 0) ?? 0,
    );
    if (known === undefined) continue;
    facts.set(id, known);
    const joined = endsOf(file, known);
    if (joined !== undefined) ends.set(id, joined);
  }
  const holders = descriptors.filter(({ fileId }) => facts.has(fileId));
  const byEnd = new Map<string, FileDescriptor>();
  for (const holder of [...holders].reverse()) {
    const end = ends.get(holder.fileId);
    if (end !== undefined) byEnd.set(end.own, holder);
  }
  const peerOf = (id: number): Socket['peer'] => {
    const other = ends.get(id)?.other;
    const holder = other === undefined ? undefined : byEnd.get(other);
    return holder === undefined || typeof holder.fd !== 'number'
      ? undefined
      : { pid: holder.pid, fd: holder.fd };
  };
  const held = new Set(holders.map(({ fileId }) => fileId));
  const orphans = [...facts.keys()].filter((id) => !held.has(id));
  return [
    ...holders.map(({ pid, fd, fileId }) => ({ pid, fd: typeof fd === 'number' ? fd : undefined, fileId })),
    ...orphans.map((fileId) => ({ pid: undefined, fd: undefined, fileId })),
  ].flatMap((holder) => {
    const known = facts.get(holder.fileId);
    return known === undefined ? [] : { ...holder, ...known, peer: peerOf(holder.fileId) };
  });
}

async function socketFacts(
  images: Images,
  table: FileTable,
  file: FileEntry,
  queued: number,
): Promise<Facts | undefined> {
  if (file.isk) {
    const { isk } = file;
    const stream = await images.first('TCP_STREAM', `tcp-stream-${isk.ino.toString(16)}`);
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

function unixFacts(table: FileTable, socket: UnixSkEntry, queued: number): Facts {
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

function endsOf(file: FileEntry, { protocol, local, remote }: Facts): Ends | undefined {
  if (file.usk)
    return { own: `unix ${file.usk.ino}`, other: file.usk.peer === 0 ? undefined : `unix ${file.usk.peer}` };
  if (file.isk === undefined || remote === undefined) return undefined;
  return { own: `${protocol} ${local} ${remote}`, other: `${protocol} ${remote} ${local}` };
}

function common(
  options: SkOptsEntry,
  tcp: TcpOptsEntry | undefined,
  stream: TcpStreamEntry | undefined,
): Pick<Facts, 'receiveQueue' | 'sendQueue' | 'receiveBuffer' | 'sendBuffer' | 'options'> {
  const set: readonly (readonly [name: string, on: boolean | number | undefined])[] = [
    ['reuseaddr', options.reuseaddr],
    ['reuseport', options.so_reuseport],
    ['keepalive', options.so_keepalive],
    ['broadcast', options.so_broadcast],
    ['dontroute', options.so_dontroute],
    ['no_check', options.so_no_check],
    ['oobinline', options.so_oobinline],
    ['passcred', options.so_passcred],
    ['passsec', options.so_passsec],
    ['nodelay', tcp?.nodelay ?? stream?.nodelay],
    ['cork', tcp?.cork ?? stream?.cork],
    ['filter', options.so_filter.length > 0],
  ];
  const valued: readonly (readonly [name: string, value: number | undefined])[] = [
    ['priority', options.so_priority],
    ['mark', options.so_mark],
    ['linger', options.so_linger],
  ];
  return {
    receiveQueue: 0,
    sendQueue: 0,
    receiveBuffer: options.so_rcvbuf,
    sendBuffer: options.so_sndbuf,
    options: [
      ...set.filter(([, on]) => on === true || (typeof on === 'number' && on > 0)).map(([name]) => name),
      ...valued
        .filter(([, value]) => value !== undefined && value > 0)
        .map(([name, value]) => `${name}=${value}`),
    ],
  };
}

function shutdownName(shutdown: string | number | undefined): string | undefined {
  return shutdown === undefined || shutdown === 'NONE' ? undefined : String(shutdown).toLowerCase();
}
