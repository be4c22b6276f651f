import {
  bool,
  bytes,
  type Infer,
  message,
  oneOf,
  optional,
  repeated,
  sint32,
  string,
  sub,
  uint32,
} from '../schema.js';
import { HEX } from './flags.js';
import { fownEntry } from './fown.js';
import { SOCKET_FAMILIES, SOCKET_PROTOCOLS, SOCKET_STATES, SOCKET_TYPES } from './names.js';
import { skOptsEntry, skShutdownNames, tcpOptsEntry } from './socket-options.js';

// Sockets of every family. Field numbers, names and types are those of images/*.proto, CRIU 4.2.

/** `ip_opts_raw_entry` of sk-inet.proto. */
export const ipOptsRawEntry = message('ip_opts_raw_entry', {
  hdrincl: optional(bool(1)),
  nodefrag: optional(bool(2)),
  checksum: optional(bool(3)),
  icmpv_filter: repeated(uint32(4)),
});
export type IpOptsRawEntry = Infer<typeof ipOptsRawEntry>;

/** `ip_opts_entry` of sk-inet.proto: options of IPPROTO_IP. */
export const ipOptsEntry = message('ip_opts_entry', {
  freebind: optional(bool(1)),
  raw: optional(sub(4, ipOptsRawEntry)),
  pktinfo: optional(bool(5)),
  tos: optional(uint32(6)),
  ttl: optional(uint32(7)),
});
export type IpOptsEntry = Infer<typeof ipOptsEntry>;

/** `inet_sk_entry` of sk-inet.proto: an IPv4 or IPv6 socket; ports in host order. */
export const inetSkEntry = message('inet_sk_entry', {
  id: uint32(1),
  ino: uint32(2),
  family: uint32(3, { names: SOCKET_FAMILIES }),
  type: uint32(4, { names: SOCKET_TYPES }),
  proto: uint32(5, { names: SOCKET_PROTOCOLS }),
  state: uint32(6, { names: SOCKET_STATES }),
  src_port: uint32(7),
  dst_port: uint32(8),
  flags: uint32(9, HEX),
  backlog: uint32(10),
  src_addr: repeated(uint32(11, { address: true })),
  dst_addr: repeated(uint32(12, { address: true })),
  fown: sub(13, fownEntry),
  opts: sub(14, skOptsEntry),
  v6only: optional(bool(15)),
  ip_opts: optional(sub(16, ipOptsEntry)),
  ifname: optional(string(17)),
  ns_id: optional(uint32(18)),
  shutdown: optional(oneOf(19, skShutdownNames)),
  tcp_opts: optional(sub(20, tcpOptsEntry)),
});
export type InetSkEntry = Infer<typeof inetSkEntry>;

/** `file_perms_entry` of sk-unix.proto. */
export const filePermsEntry = message('file_perms_entry', {
  mode: uint32(1),
  uid: uint32(2),
  gid: uint32(3),
});
export type FilePermsEntry = Infer<typeof filePermsEntry>;

/**
 * `unix_sk_entry` of sk-unix.proto: a unix socket; `name` is a path, or begins with a zero byte, or is empty;
 * `peer` is an `ino`.
 */
export const unixSkEntry = message('unix_sk_entry', {
  id: uint32(1),
  ino: uint32(2),
  type: uint32(3, { names: SOCKET_TYPES }),
  state: uint32(4, { names: SOCKET_STATES }),
  flags: uint32(5, HEX),
  uflags: uint32(6, HEX),
  backlog: uint32(7),
  peer: uint32(8),
  fown: sub(9, fownEntry),
  opts: sub(10, skOptsEntry),
  name: bytes(11, { quoted: true }),
  shutdown: optional(oneOf(12, skShutdownNames)),
  file_perms: optional(sub(13, filePermsEntry)),
  name_dir: optional(string(14)),
  deleted: optional(bool(15)),
  ns_id: optional(uint32(16)),
  mnt_id: optional(sint32(17)),
});
export type UnixSkEntry = Infer<typeof unixSkEntry>;

/** `netlink_sk_entry` of sk-netlink.proto: a netlink socket. */
export const netlinkSkEntry = message('netlink_sk_entry', {
  id: uint32(1),
  ino: uint32(2),
  protocol: uint32(3),
  state: uint32(4),
  flags: uint32(6, HEX),
  portid: uint32(7),
  groups: repeated(uint32(8)),
  dst_portid: uint32(9),
  dst_group: uint32(10),
  fown: sub(11, fownEntry),
  opts: sub(12, skOptsEntry),
  ns_id: optional(uint32(13)),
});
export type NetlinkSkEntry = Infer<typeof netlinkSkEntry>;

/** `packet_mclist` of packet-sock.proto. */
export const packetMclist = message('packet_mclist', {
  index: uint32(1),
  type: uint32(2),
  addr: bytes(3),
});
export type PacketMclist = Infer<typeof packetMclist>;

/** `packet_ring` of packet-sock.proto. */
export const packetRing = message('packet_ring', {
  block_size: uint32(1),
  block_nr: uint32(2),
  frame_size: uint32(3),
  frame_nr: uint32(4),
  retire_tmo: uint32(5),
  sizeof_priv: uint32(6),
  features: uint32(7),
});
export type PacketRing = Infer<typeof packetRing>;

/** `packet_sock_entry` of packet-sock.proto: a packet socket. */
export const packetSockEntry = message('packet_sock_entry', {
  id: uint32(1),
  type: uint32(2),
  protocol: uint32(3),
  flags: uint32(4, HEX),
  ifindex: uint32(5),
  fown: sub(6, fownEntry),
  opts: sub(7, skOptsEntry),
  version: uint32(8),
  reserve: uint32(9),
  aux_data: bool(10),
  orig_dev: bool(11),
  vnet_hdr: bool(12),
  loss: bool(13),
  timestamp: uint32(14),
  copy_thresh: uint32(15),
  mclist: repeated(sub(16, packetMclist)),
  fanout: optional(uint32(17)),
  rx_ring: optional(sub(18, packetRing)),
  tx_ring: optional(sub(19, packetRing)),
  ns_id: optional(uint32(20)),
});
export type PacketSockEntry = Infer<typeof packetSockEntry>;

/** `scm_entry` of sk-packet.proto: descriptors that travel with a packet. */
export const scmEntry = message('scm_entry', {
  type: uint32(1),
  rights: repeated(uint32(2)),
});
export type ScmEntry = Infer<typeof scmEntry>;

/**
 * `sk_packet_entry` of sk-packet.proto: a packet in the queue of the socket `id_for`: `length` bytes follow.
 */
export const skPacketEntry = message('sk_packet_entry', {
  id_for: uint32(1),
  length: uint32(2),
  scm: repeated(sub(4, scmEntry)),
});
export type SkPacketEntry = Infer<typeof skPacketEntry>;
