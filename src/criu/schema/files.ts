import {
  bool,
  enumeration,
  type Infer,
  int32,
  int64,
  message,
  oneOf,
  optional,
  repeated,
  sint32,
  string,
  sub,
  uint32,
  uint64,
} from '../schema.js';
import { HEX, OPEN_FLAGS, SEALS } from './flags.js';
import { fownEntry } from './fown.js';
import { timeval } from './timers.js';

// Open files of every kind but sockets and terminals. Field numbers, names and types are those of
// images/*.proto, CRIU 4.2.

/** `remap_type` of remap-file-path.proto. */
export const remapTypeNames = enumeration({ LINKED: 0, GHOST: 1, PROCFS: 2 });

/**
 * `reg_file_entry` of regfile.proto: a regular file, directory or device; `name` is its path, `mode` the file
 * type and permissions.
 */
export const regFileEntry = message('reg_file_entry', {
  id: uint32(1),
  flags: uint32(2, { flags: OPEN_FLAGS }),
  pos: uint64(3),
  fown: sub(5, fownEntry),
  name: string(6),
  mnt_id: optional(sint32(7)),
  size: optional(uint64(8)),
  ext: optional(bool(9)),
  mode: optional(uint32(10)),
  build_id: repeated(uint32(11)),
  checksum: optional(uint32(12)),
  checksum_config: optional(uint32(13)),
  checksum_parameter: optional(uint32(14)),
});
export type RegFileEntry = Infer<typeof regFileEntry>;

/** `ext_file_entry` of ext-file.proto: a file that a plugin restores. */
export const extFileEntry = message('ext_file_entry', {
  id: uint32(1),
  fown: sub(5, fownEntry),
});
export type ExtFileEntry = Infer<typeof extFileEntry>;

/** `fifo_entry` of fifo.proto: a named pipe; `pipe_id` ties the ends together. */
export const fifoEntry = message('fifo_entry', {
  id: uint32(1),
  pipe_id: uint32(2),
  regf_id: optional(uint32(3)),
});
export type FifoEntry = Infer<typeof fifoEntry>;

/** `pipe_entry` of pipe.proto: an end of a pipe; `pipe_id` ties the ends together. */
export const pipeEntry = message('pipe_entry', {
  id: uint32(1),
  pipe_id: uint32(2),
  flags: uint32(3, HEX),
  fown: sub(4, fownEntry),
});
export type PipeEntry = Infer<typeof pipeEntry>;

/** `pipe_data_entry` of pipe-data.proto: bytes in a pipe: `bytes` of them follow; `size` is the capacity. */
export const pipeDataEntry = message('pipe_data_entry', {
  pipe_id: uint32(1),
  bytes: uint32(2),
  size: optional(uint32(3)),
});
export type PipeDataEntry = Infer<typeof pipeDataEntry>;

/** `eventfd_file_entry` of eventfd.proto: an eventfd and its counter. */
export const eventfdFileEntry = message('eventfd_file_entry', {
  id: uint32(1),
  flags: uint32(2),
  fown: sub(3, fownEntry),
  counter: uint64(4),
});
export type EventfdFileEntry = Infer<typeof eventfdFileEntry>;

/** `eventpoll_tfd_entry` of eventpoll.proto: a descriptor that an epoll watches. */
export const eventpollTfdEntry = message('eventpoll_tfd_entry', {
  id: uint32(1),
  tfd: uint32(2),
  events: uint32(3),
  data: uint64(4),
  dev: optional(uint32(5)),
  inode: optional(uint64(6)),
  pos: optional(uint64(7)),
});
export type EventpollTfdEntry = Infer<typeof eventpollTfdEntry>;

/** `eventpoll_file_entry` of eventpoll.proto: an epoll and what it watches. */
export const eventpollFileEntry = message('eventpoll_file_entry', {
  id: uint32(1),
  flags: uint32(2),
  fown: sub(3, fownEntry),
  tfd: repeated(sub(4, eventpollTfdEntry)),
});
export type EventpollFileEntry = Infer<typeof eventpollFileEntry>;

/** `signalfd_entry` of signalfd.proto: a signalfd. */
export const signalfdEntry = message('signalfd_entry', {
  id: uint32(1),
  flags: uint32(2, HEX),
  fown: sub(3, fownEntry),
  sigmask: uint64(4, HEX),
});
export type SignalfdEntry = Infer<typeof signalfdEntry>;

/** `ns_file_entry` of ns.proto: an open namespace file. */
export const nsFileEntry = message('ns_file_entry', {
  id: uint32(1),
  ns_id: uint32(2),
  ns_cflag: uint32(3),
  flags: uint32(4),
});
export type NsFileEntry = Infer<typeof nsFileEntry>;

/** `pidfd_entry` of pidfd.proto: a pidfd. */
export const pidfdEntry = message('pidfd_entry', {
  id: uint32(1),
  ino: uint32(2),
  flags: uint32(3),
  nspid: int32(4),
  fown: sub(5, fownEntry),
});
export type PidfdEntry = Infer<typeof pidfdEntry>;

/** `memfd_file_entry` of memfd.proto: an open memfd. */
export const memfdFileEntry = message('memfd_file_entry', {
  id: uint32(1),
  flags: uint32(2, { flags: OPEN_FLAGS }),
  pos: uint64(3),
  fown: sub(4, fownEntry),
  inode_id: uint32(5),
});
export type MemfdFileEntry = Infer<typeof memfdFileEntry>;

/** `memfd_inode_entry` of memfd.proto: a memfd; its pages are in pagemap-shmem-SHMID.img. */
export const memfdInodeEntry = message('memfd_inode_entry', {
  name: string(1),
  uid: uint32(2),
  gid: uint32(3),
  size: uint64(4),
  shmid: uint32(5),
  seals: uint32(6, { flags: SEALS }),
  inode_id: uint64(7),
  hugetlb_flag: optional(uint32(8)),
  mode: optional(uint32(9)),
});
export type MemfdInodeEntry = Infer<typeof memfdInodeEntry>;

/**
 * `remap_file_path_entry` of remap-file-path.proto: a file whose path is gone: ghost-file-REMAP_ID.img has its
 * contents.
 */
export const remapFilePathEntry = message('remap_file_path_entry', {
  orig_id: uint32(1),
  remap_id: uint32(2),
  remap_type: optional(oneOf(3, remapTypeNames)),
});
export type RemapFilePathEntry = Infer<typeof remapFilePathEntry>;

/** `ghost_file_entry` of ghost-file.proto: a deleted file; its contents follow, or chunks of them. */
export const ghostFileEntry = message('ghost_file_entry', {
  uid: uint32(1),
  gid: uint32(2),
  mode: uint32(3),
  dev: optional(uint32(4, { device: 'kernel' })),
  ino: optional(uint64(5)),
  rdev: optional(uint32(6, { device: 'libc' })),
  atim: optional(sub(7, timeval)),
  mtim: optional(sub(8, timeval)),
  chunks: optional(bool(9)),
  size: optional(uint64(10)),
  symlnk_target: optional(string(11)),
});
export type GhostFileEntry = Infer<typeof ghostFileEntry>;

/** `ghost_chunk_entry` of ghost-file.proto: a part of a deleted file: `len` bytes at `off` follow. */
export const ghostChunkEntry = message('ghost_chunk_entry', {
  len: uint64(1),
  off: uint64(2),
});
export type GhostChunkEntry = Infer<typeof ghostChunkEntry>;

/** `file_lock_entry` of file-lock.proto: a lock of flock(2) or fcntl(2), or a lease. */
export const fileLockEntry = message('file_lock_entry', {
  flag: uint32(1),
  type: uint32(2),
  pid: int32(3),
  fd: int32(4),
  start: int64(5),
  len: int64(6),
});
export type FileLockEntry = Infer<typeof fileLockEntry>;
