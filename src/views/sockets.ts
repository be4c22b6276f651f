import type { Socket } from '../checkpoint/sockets.js';
import { treeByProcess, type View, words } from './view.js';

export type SocketsRow = {
  readonly pid: number | null;
  readonly fd: number | null;
  readonly protocol: string;
  readonly state: string;
  readonly local: string | null;
  readonly remote: string | null;
  readonly type: string;
  readonly receiveQueue: number;
  readonly sendQueue: number;
  readonly peer: { readonly pid: number; readonly fd: number } | null;
  readonly receiveBuffer: number;
  readonly sendBuffer: number;
  readonly backlog: number | null;
  readonly options: readonly string[];
  readonly device: string | null;
  readonly shutdown: string | null;
  readonly deleted: boolean;
  readonly inode: number | null;
};

/** Sockets: who listens, who is connected with whom, and what waits in their queues. */
export const socketsView: View<SocketsRow> = {
  name: 'sockets',
  summary: 'sockets with their ends and queues',
  examples: [
    'coldcase sockets checkpoint.tar --filter state=LISTEN',
    'coldcase sockets checkpoint.tar -p 3 --json',
  ],
  tab: { title: 'sockets', pages: ['process', 'network'], empty: 'no sockets' },
  columns: [
    { key: 'pid', header: 'PID', align: 'right', about: 'process id; null for a socket that none has open' },
    { key: 'fd', header: 'FD', align: 'right', about: 'number of the descriptor; null as pid is' },
    {
      key: 'protocol',
      header: 'PROTO',
      about: 'tcp, tcp6, udp, udp6, raw, raw6, unix, netlink, packet and so on',
    },
    {
      key: 'type',
      header: 'TYPE',
      wide: true,
      about: 'STREAM, DGRAM, RAW, SEQPACKET; of netlink sockets their family',
    },
    { key: 'state', header: 'STATE', about: 'LISTEN, ESTABLISHED, CLOSE and so on' },
    {
      key: 'receiveQueue',
      header: 'RECV-Q',
      align: 'right',
      about: 'bytes received and not read, which the archive holds',
    },
    { key: 'sendQueue', header: 'SEND-Q', align: 'right', about: 'bytes sent and not acknowledged' },
    {
      key: 'local',
      header: 'LOCAL',
      squeeze: 1,
      about: 'address:port, [address]:port for IPv6, a path, or @ and an abstract name',
    },
    {
      key: 'remote',
      header: 'REMOTE',
      squeeze: 2,
      about: 'the other end, as local; of unix sockets without an address socket:[inode]',
    },
    {
      key: 'peer',
      header: 'PEER',
      text: ({ peer }) => (peer === null ? '' : `${peer.pid}/${peer.fd}`),
      about: 'pid and fd of the other end, when it is in this checkpoint',
    },
    {
      key: 'receiveBuffer',
      header: 'RCVBUF',
      align: 'right',
      wide: true,
      about: 'size of the receive buffer in bytes',
    },
    {
      key: 'sendBuffer',
      header: 'SNDBUF',
      align: 'right',
      wide: true,
      about: 'size of the send buffer in bytes',
    },
    {
      key: 'backlog',
      header: 'BACKLOG',
      align: 'right',
      wide: true,
      about: 'connections that may wait, of listeners',
    },
    {
      key: 'options',
      header: 'OPTIONS',
      wide: true,
      text: ({ options }) => options.join(','),
      about: 'socket options that are set',
    },
    { key: 'device', header: 'DEVICE', wide: true, about: 'network device that it is bound to' },
    { key: 'shutdown', header: 'SHUTDOWN', wide: true, about: 'read, write or both, when shut down' },
    { key: 'deleted', header: 'DELETED', wide: true, about: "whether a unix socket's path was deleted" },
    { key: 'inode', header: 'INODE', align: 'right', wide: true, about: 'inode number' },
  ],
  async rows(checkpoint, { pid }) {
    const chosen = new Set((await checkpoint.select(pid)).map((process) => process.pid));
    const sockets = await checkpoint.sockets();
    return sockets
      .filter((socket) => (socket.pid === undefined ? pid === undefined : chosen.has(socket.pid)))
      .map(socketsRow);
  },
  tree: (rows) =>
    treeByProcess(rows, ({ pid }) => (pid === null ? 'not open in any process' : `[${pid}]`), socketsLabel),
};

/** `16 tcp LISTEN 127.0.0.1:4444` */
export function socketsLabel(row: SocketsRow): string {
  const ends = words(row.local, row.remote !== null && `-> ${row.remote}`);
  const facts = [
    ...(row.peer === null ? [] : [`other end ${row.peer.pid}/${row.peer.fd}`]),
    ...(row.receiveQueue === 0 ? [] : [`${row.receiveQueue} bytes not read`]),
    ...(row.sendQueue === 0 ? [] : [`${row.sendQueue} bytes not acknowledged`]),
    ...(row.options.length === 0 ? [] : [row.options.join(', ')]),
    `buffers ${row.receiveBuffer} in, ${row.sendBuffer} out`,
  ];
  return `${words(row.fd === null ? '' : String(row.fd), row.protocol, row.state, ends)} (${facts.join('; ')})`;
}

function socketsRow(socket: Socket): SocketsRow {
  return {
    pid: socket.pid ?? null,
    fd: socket.fd ?? null,
    protocol: socket.protocol,
    state: socket.state,
    local: socket.local ?? null,
    remote: socket.remote ?? null,
    type: socket.type,
    receiveQueue: socket.receiveQueue,
    sendQueue: socket.sendQueue,
    peer: socket.peer ?? null,
    receiveBuffer: socket.receiveBuffer,
    sendBuffer: socket.sendBuffer,
    backlog: socket.backlog ?? null,
    options: socket.options,
    device: socket.device ?? null,
    shutdown: socket.shutdown ?? null,
    deleted: socket.deleted,
    inode: socket.inode ?? null,
  };
}
