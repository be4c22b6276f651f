import {
  bool,
  enumeration,
  fixed64,
  type Infer,
  message,
  optional,
  repeated,
  string,
  uint32,
  uint64,
} from '../schema.js';
import { HEX } from './flags.js';

// Options that sockets of several families share, and the state of TCP connections. Field numbers, names and
// types are those of images/*.proto, CRIU 4.2.

/** `sk_shutdown` of sk-opts.proto. */
export const skShutdownNames = enumeration({ NONE: 0, READ: 1, WRITE: 2, BOTH: 3 });

/** `sk_opts_entry` of sk-opts.proto: options of SOL_SOCKET; sizes in bytes. */
export const skOptsEntry = message('sk_opts_entry', {
  so_sndbuf: uint32(1),
  so_rcvbuf: uint32(2),
  so_snd_tmo_sec: uint64(3),
  so_snd_tmo_usec: uint64(4),
  so_rcv_tmo_sec: uint64(5),
  so_rcv_tmo_usec: uint64(6),
  reuseaddr: optional(bool(7)),
  so_priority: optional(uint32(8)),
  so_rcvlowat: optional(uint32(9)),
  so_mark: optional(uint32(10)),
  so_passcred: optional(bool(11)),
  so_passsec: optional(bool(12)),
  so_dontroute: optional(bool(13)),
  so_no_check: optional(bool(14)),
  so_bound_dev: optional(string(15)),
  so_filter: repeated(fixed64(16)),
  so_reuseport: optional(bool(17)),
  so_broadcast: optional(bool(18)),
  so_keepalive: optional(bool(19)),
  tcp_keepcnt: optional(uint32(20)),
  tcp_keepidle: optional(uint32(21)),
  tcp_keepintvl: optional(uint32(22)),
  so_oobinline: optional(uint32(23)),
  so_linger: optional(uint32(24)),
  so_buf_lock: optional(uint32(25)),
});
export type SkOptsEntry = Infer<typeof skOptsEntry>;

/** `tcp_opts_entry` of tcp-stream.proto: options of IPPROTO_TCP. */
export const tcpOptsEntry = message('tcp_opts_entry', {
  cork: optional(bool(1)),
  nodelay: optional(bool(2)),
  keepcnt: optional(uint32(3)),
  keepidle: optional(uint32(4)),
  keepintvl: optional(uint32(5)),
});
export type TcpOptsEntry = Infer<typeof tcpOptsEntry>;

/** `tcp_stream_entry` of tcp-stream.proto: the state of a connection; both queues follow. */
export const tcpStreamEntry = message('tcp_stream_entry', {
  inq_len: uint32(1),
  inq_seq: uint32(2),
  outq_len: uint32(3),
  outq_seq: uint32(4),
  opt_mask: uint32(5, HEX),
  snd_wscale: uint32(6),
  mss_clamp: uint32(7),
  rcv_wscale: optional(uint32(8)),
  timestamp: optional(uint32(9)),
  cork: optional(bool(10)),
  nodelay: optional(bool(11)),
  unsq_len: optional(uint32(12)),
  snd_wl1: optional(uint32(13)),
  snd_wnd: optional(uint32(14)),
  max_window: optional(uint32(15)),
  rcv_wnd: optional(uint32(16)),
  rcv_wup: optional(uint32(17)),
});
export type TcpStreamEntry = Infer<typeof tcpStreamEntry>;
