import { enumeration, type Infer, message, oneOf, optional, string, sub, uint32 } from '../schema.js';
import { bpfmapFileEntry } from './bpf.js';
import {
  eventfdFileEntry,
  eventpollFileEntry,
  extFileEntry,
  fifoEntry,
  memfdFileEntry,
  nsFileEntry,
  pidfdEntry,
  pipeEntry,
  regFileEntry,
  signalfdEntry,
} from './files.js';
import { fanotifyFileEntry, inotifyFileEntry } from './fsnotify.js';
import { tunfileEntry } from './network.js';
import { inetSkEntry, netlinkSkEntry, packetSockEntry, unixSkEntry } from './sockets.js';
import { timerfdEntry } from './timers.js';
import { ttyFileEntry } from './tty.js';

// Tables of file descriptors, and files.img, which holds every open file. Field numbers, names and types are
// those of images/*.proto, CRIU 4.2.

/** `fd_types` of fdinfo.proto. */
export const fdTypesNames = enumeration({
  UND: 0,
  REG: 1,
  PIPE: 2,
  FIFO: 3,
  INETSK: 4,
  UNIXSK: 5,
  EVENTFD: 6,
  EVENTPOLL: 7,
  INOTIFY: 8,
  SIGNALFD: 9,
  PACKETSK: 10,
  TTY: 11,
  FANOTIFY: 12,
  NETLINKSK: 13,
  NS: 14,
  TUNF: 15,
  EXT: 16,
  TIMERFD: 17,
  MEMFD: 18,
  BPFMAP: 19,
  PIDFD: 20,
  CTL_TTY: 65534,
  AUTOFS_PIPE: 65535,
});

/**
 * `fdinfo_entry` of fdinfo.proto: a file descriptor: its number, its flags (FD_CLOEXEC), the file as an id of
 * files.img.
 */
export const fdinfoEntry = message('fdinfo_entry', {
  id: uint32(1),
  flags: uint32(2),
  type: oneOf(3, fdTypesNames),
  fd: uint32(4),
  xattr_security_selinux: optional(string(5)),
});
export type FdinfoEntry = Infer<typeof fdinfoEntry>;

/** `file_entry` of fdinfo.proto: an open file: `type` says which of the others is there. */
export const fileEntry = message('file_entry', {
  type: oneOf(1, fdTypesNames),
  id: uint32(2),
  reg: optional(sub(3, regFileEntry)),
  isk: optional(sub(4, inetSkEntry)),
  nsf: optional(sub(5, nsFileEntry)),
  psk: optional(sub(6, packetSockEntry)),
  nlsk: optional(sub(7, netlinkSkEntry)),
  efd: optional(sub(8, eventfdFileEntry)),
  epfd: optional(sub(9, eventpollFileEntry)),
  sgfd: optional(sub(10, signalfdEntry)),
  tunf: optional(sub(11, tunfileEntry)),
  tfd: optional(sub(12, timerfdEntry)),
  ify: optional(sub(13, inotifyFileEntry)),
  ffy: optional(sub(14, fanotifyFileEntry)),
  ext: optional(sub(15, extFileEntry)),
  usk: optional(sub(16, unixSkEntry)),
  fifo: optional(sub(17, fifoEntry)),
  pipe: optional(sub(18, pipeEntry)),
  tty: optional(sub(19, ttyFileEntry)),
  memfd: optional(sub(20, memfdFileEntry)),
  bpf: optional(sub(21, bpfmapFileEntry)),
  pidfd: optional(sub(22, pidfdEntry)),
});
export type FileEntry = Infer<typeof fileEntry>;
