import {
  bool,
  bytes,
  enumeration,
  type Infer,
  int32,
  message,
  oneOf,
  optional,
  repeated,
  string,
  sub,
  uint32,
} from '../schema.js';
import { HEX } from './flags.js';

// Network namespaces and devices. Field numbers, names and types are those of images/*.proto, CRIU 4.2.

/** `SysctlType` of sysctl.proto. */
export const sysctlTypeNames = enumeration({ CTL_STR: 5, CTL_32: 6 });

/** `nd_type` of netdev.proto. */
export const ndTypeNames = enumeration({
  LOOPBACK: 1,
  VETH: 2,
  TUN: 3,
  EXTLINK: 4,
  VENET: 5,
  BRIDGE: 6,
  MACVLAN: 7,
  SIT: 8,
});

/** `sysctl_entry` of sysctl.proto: a setting under /proc/sys/net. */
export const sysctlEntry = message('sysctl_entry', {
  type: oneOf(1, sysctlTypeNames),
  iarg: optional(int32(2)),
  sarg: optional(string(3)),
});
export type SysctlEntry = Infer<typeof sysctlEntry>;

/** `macvlan_link_entry` of macvlan.proto. */
export const macvlanLinkEntry = message('macvlan_link_entry', {
  mode: uint32(1),
  flags: optional(uint32(2)),
});
export type MacvlanLinkEntry = Infer<typeof macvlanLinkEntry>;

/** `sit_entry` of sit.proto: an IPv6-in-IPv4 tunnel. */
export const sitEntry = message('sit_entry', {
  link: optional(uint32(1)),
  local: repeated(uint32(2, { address: true })),
  remote: repeated(uint32(3, { address: true })),
  ttl: optional(uint32(4)),
  tos: optional(uint32(5)),
  pmtudisc: optional(bool(6)),
  proto: optional(uint32(7)),
  flags: optional(uint32(8)),
  encap_type: optional(uint32(9)),
  encap_flags: optional(uint32(10)),
  encap_sport: optional(uint32(11)),
  encap_dport: optional(uint32(12)),
  rd_prefixlen: optional(uint32(13)),
  rd_prefix: repeated(uint32(14, { address: true })),
  relay_prefixlen: optional(uint32(15)),
  relay_prefix: repeated(uint32(16, { address: true })),
});
export type SitEntry = Infer<typeof sitEntry>;

/** `tunfile_entry` of tun.proto: an open /dev/net/tun. */
export const tunfileEntry = message('tunfile_entry', {
  id: uint32(1),
  netdev: optional(string(2)),
  detached: optional(bool(3)),
  ns_id: optional(uint32(4)),
});
export type TunfileEntry = Infer<typeof tunfileEntry>;

/** `tun_link_entry` of tun.proto. */
export const tunLinkEntry = message('tun_link_entry', {
  flags: uint32(1, HEX),
  owner: int32(2),
  group: int32(3),
  vnethdr: uint32(4),
  sndbuf: uint32(5),
});
export type TunLinkEntry = Infer<typeof tunLinkEntry>;

/** `net_device_entry` of netdev.proto: a network device. */
export const netDeviceEntry = message('net_device_entry', {
  type: oneOf(1, ndTypeNames),
  ifindex: uint32(2),
  mtu: uint32(3),
  flags: uint32(4, HEX),
  name: string(5),
  tun: optional(sub(6, tunLinkEntry)),
  address: optional(bytes(7)),
  conf: repeated(int32(8)),
  conf4: repeated(sub(9, sysctlEntry)),
  conf6: repeated(sub(10, sysctlEntry)),
  macvlan: optional(sub(11, macvlanLinkEntry)),
  peer_ifindex: optional(uint32(12)),
  peer_nsid: optional(uint32(13)),
  master: optional(uint32(14)),
  sit: optional(sub(15, sitEntry)),
});
export type NetDeviceEntry = Infer<typeof netDeviceEntry>;

/** `netns_id` of netdev.proto: the id by which one network namespace knows another. */
export const netnsId = message('netns_id', {
  target_ns_id: uint32(1),
  netnsid_value: int32(2),
});
export type NetnsId = Infer<typeof netnsId>;

/** `netns_entry` of netdev.proto: settings of a network namespace. */
export const netnsEntry = message('netns_entry', {
  def_conf: repeated(int32(1)),
  all_conf: repeated(int32(2)),
  def_conf4: repeated(sub(3, sysctlEntry)),
  all_conf4: repeated(sub(4, sysctlEntry)),
  def_conf6: repeated(sub(5, sysctlEntry)),
  all_conf6: repeated(sub(6, sysctlEntry)),
  nsids: repeated(sub(7, netnsId)),
  ext_key: optional(string(8)),
  unix_conf: repeated(sub(9, sysctlEntry)),
  ipv4_sysctl: repeated(sub(10, sysctlEntry)),
});
export type NetnsEntry = Infer<typeof netnsEntry>;
