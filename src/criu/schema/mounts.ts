import { bool, enumeration, type Infer, int32, message, optional, string, uint32 } from '../schema.js';
import { HEX } from './flags.js';

// Mounts, and what some filesystems need beside them. Field numbers, names and types are those of
// images/*.proto, CRIU 4.2.

/** `fstype` of mnt.proto. */
export const fstypeNames = enumeration({
  UNSUPPORTED: 0,
  PROC: 1,
  SYSFS: 2,
  DEVTMPFS: 3,
  BINFMT_MISC: 4,
  TMPFS: 5,
  DEVPTS: 6,
  SIMFS: 7,
  PSTORE: 8,
  SECURITYFS: 9,
  FUSECTL: 10,
  DEBUGFS: 11,
  CGROUP: 12,
  AUFS: 13,
  MQUEUE: 14,
  FUSE: 15,
  AUTO: 16,
  OVERLAYFS: 17,
  AUTOFS: 18,
  TRACEFS: 19,
  CGROUP2: 23,
});

/** `mnt_entry` of mnt.proto: a mount; `flags` are those of the mount, `sb_flags` those of the filesystem. */
export const mntEntry = message('mnt_entry', {
  fstype: uint32(1),
  mnt_id: uint32(2),
  root_dev: uint32(3, { device: 'kernel' }),
  parent_mnt_id: uint32(4),
  flags: uint32(5, HEX),
  root: string(6),
  mountpoint: string(7),
  source: string(8),
  options: string(9),
  shared_id: optional(uint32(10)),
  master_id: optional(uint32(11)),
  with_plugin: optional(bool(12)),
  ext_mount: optional(bool(13)),
  fsname: optional(string(14)),
  internal_sharing: optional(bool(15)),
  deleted: optional(bool(16)),
  sb_flags: optional(uint32(17, HEX)),
  ext_key: optional(string(18)),
});
export type MntEntry = Infer<typeof mntEntry>;

/** `autofs_entry` of autofs.proto: an automount. */
export const autofsEntry = message('autofs_entry', {
  fd: int32(1),
  pgrp: int32(2),
  timeout: int32(3),
  minproto: int32(4),
  maxproto: int32(5),
  mode: int32(6),
  uid: optional(int32(7)),
  gid: optional(int32(8)),
  read_fd: optional(int32(9)),
});
export type AutofsEntry = Infer<typeof autofsEntry>;

/** `binfmt_misc_entry` of binfmt-misc.proto: a format of executables. */
export const binfmtMiscEntry = message('binfmt_misc_entry', {
  name: string(1),
  enabled: bool(2),
  interpreter: string(3),
  flags: optional(string(4)),
  extension: optional(string(5)),
  magic: optional(string(6)),
  mask: optional(string(7)),
  offset: optional(int32(8)),
});
export type BinfmtMiscEntry = Infer<typeof binfmtMiscEntry>;
