/** States of a socket by number (include/net/tcp_states.h); unix, udp and raw sockets use the same numbers. */
const STATES = [
  undefined,
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT1',
  'FIN_WAIT2',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'CLOSING',
  'NEW_SYN_RECV',
] as const;

export function socketState(state: number): string {
  return STATES[state] ?? `state ${state}`;
}

/** Socket types (linux/net.h). */
const TYPES = [
  undefined,
  'STREAM',
  'DGRAM',
  'RAW',
  'RDM',
  'SEQPACKET',
  'DCCP',
  undefined,
  undefined,
  undefined,
  'PACKET',
] as const;

export function socketType(type: number): string {
  return TYPES[type] ?? `type ${type}`;
}

/** IP protocols that have sockets (IANA protocol numbers). */
const PROTOCOLS: Readonly<Record<number, string>> = {
  0: 'ip',
  1: 'icmp',
  2: 'igmp',
  6: 'tcp',
  17: 'udp',
  33: 'dccp',
  47: 'gre',
  50: 'esp',
  51: 'ah',
  58: 'icmp',
  89: 'ospf',
  132: 'sctp',
  136: 'udplite',
  255: 'raw',
  262: 'mptcp',
};
const AF_INET6 = 10;
const SOCK_RAW = 3;

/** `tcp`, `udp`, `tcp6`, `raw`, ...: as netstat names them. */
export function inetProtocol(protocol: number, family: number, type: number): string {
  const name = type === SOCK_RAW ? 'raw' : (PROTOCOLS[protocol] ?? `ip${protocol}`);
  return family === AF_INET6 ? `${name}6` : name;
}

/** Families of netlink by number (linux/netlink.h). */
const NETLINK: Readonly<Record<number, string>> = {
  0: 'NETLINK_ROUTE',
  2: 'NETLINK_USERSOCK',
  3: 'NETLINK_FIREWALL',
  4: 'NETLINK_SOCK_DIAG',
  5: 'NETLINK_NFLOG',
  6: 'NETLINK_XFRM',
  7: 'NETLINK_SELINUX',
  8: 'NETLINK_ISCSI',
  9: 'NETLINK_AUDIT',
  10: 'NETLINK_FIB_LOOKUP',
  11: 'NETLINK_CONNECTOR',
  12: 'NETLINK_NETFILTER',
  13: 'NETLINK_IP6_FW',
  14: 'NETLINK_DNRTMSG',
  15: 'NETLINK_KOBJECT_UEVENT',
  16: 'NETLINK_GENERIC',
  18: 'NETLINK_SCSITRANSPORT',
  19: 'NETLINK_ECRYPTFS',
  20: 'NETLINK_RDMA',
  21: 'NETLINK_CRYPTO',
};

export function netlinkFamily(protocol: number): string {
  return NETLINK[protocol] ?? `netlink ${protocol}`;
}
