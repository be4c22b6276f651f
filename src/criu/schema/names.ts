type Names = Readonly<Record<number, string>>;

/** TASK_* of criu/include/image.h, as crit 4.2 names them. */
export const TASK_STATES: Names = { 1: 'Alive', 3: 'Zombie', 6: 'Stopped' };

/** AF_* of socket(2). */
export const SOCKET_FAMILIES: Names = { 1: 'UNIX', 2: 'INET', 10: 'INET6', 16: 'NETLINK', 17: 'PACKET' };

/** SOCK_* of socket(2). */
export const SOCKET_TYPES: Names = { 1: 'STREAM', 2: 'DGRAM', 3: 'RAW', 5: 'SEQPACKET', 10: 'PACKET' };

/** TCP_* of <netinet/tcp.h>, which the kernel uses for sockets of other families as well. */
export const SOCKET_STATES: Names = {
  1: 'ESTABLISHED',
  2: 'SYN_SENT',
  3: 'SYN_RECV',
  4: 'FIN_WAIT1',
  5: 'FIN_WAIT2',
  6: 'TIME_WAIT',
  7: 'CLOSE',
  8: 'CLOSE_WAIT',
  9: 'LAST_ACK',
  10: 'LISTEN',
};

/** IPPROTO_* of <netinet/in.h>. */
export const SOCKET_PROTOCOLS: Names = { 0: 'IP', 6: 'TCP', 17: 'UDP', 136: 'UDPLITE' };
