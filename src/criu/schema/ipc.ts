import { bool, type Infer, message, optional, repeated, sub, uint32, uint64 } from '../schema.js';

// System V IPC and the limits of POSIX message queues. Field numbers, names and types are those of
// images/*.proto, CRIU 4.2.

/** `ipc_desc_entry` of ipc-desc.proto: key, owner and mode of a System V object. */
export const ipcDescEntry = message('ipc_desc_entry', {
  key: uint32(1),
  uid: uint32(2),
  gid: uint32(3),
  cuid: uint32(4),
  cgid: uint32(5),
  mode: uint32(6),
  id: uint32(7),
});
export type IpcDescEntry = Infer<typeof ipcDescEntry>;

/** `ipc_var_entry` of ipc-var.proto: limits of an IPC namespace. */
export const ipcVarEntry = message('ipc_var_entry', {
  sem_ctls: repeated(uint32(1)),
  msg_ctlmax: uint32(2),
  msg_ctlmnb: uint32(3),
  msg_ctlmni: uint32(4),
  auto_msgmni: uint32(5),
  shm_ctlmax: uint64(6),
  shm_ctlall: uint64(7),
  shm_ctlmni: uint32(8),
  shm_rmid_forced: uint32(9),
  mq_queues_max: uint32(10),
  mq_msg_max: uint32(11),
  mq_msgsize_max: uint32(12),
  mq_msg_default: optional(uint32(13)),
  mq_msgsize_default: optional(uint32(14)),
  msg_next_id: optional(uint32(15)),
  sem_next_id: optional(uint32(16)),
  shm_next_id: optional(uint32(17)),
});
export type IpcVarEntry = Infer<typeof ipcVarEntry>;

/** `ipc_shm_entry` of ipc-shm.proto: a segment; its contents follow, unless `in_pagemaps`. */
export const ipcShmEntry = message('ipc_shm_entry', {
  desc: sub(1, ipcDescEntry),
  size: uint64(2),
  in_pagemaps: optional(bool(3)),
  hugetlb_flag: optional(uint32(4)),
});
export type IpcShmEntry = Infer<typeof ipcShmEntry>;

/** `ipc_msg` of ipc-msg.proto: a message of a queue: `msize` bytes follow. */
export const ipcMsg = message('ipc_msg', {
  mtype: uint64(1),
  msize: uint32(2),
});
export type IpcMsg = Infer<typeof ipcMsg>;

/** `ipc_msg_entry` of ipc-msg.proto: a queue; `qnum` messages follow. */
export const ipcMsgEntry = message('ipc_msg_entry', {
  desc: sub(1, ipcDescEntry),
  qbytes: uint32(2),
  qnum: uint32(3),
});
export type IpcMsgEntry = Infer<typeof ipcMsgEntry>;

/** `ipc_sem_entry` of ipc-sem.proto: a set; `nsems` values of 16 bits follow. */
export const ipcSemEntry = message('ipc_sem_entry', {
  desc: sub(1, ipcDescEntry),
  nsems: uint32(2),
});
export type IpcSemEntry = Infer<typeof ipcSemEntry>;
