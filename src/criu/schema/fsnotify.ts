import {
  enumeration,
  type Infer,
  message,
  oneOf,
  optional,
  repeated,
  string,
  sub,
  uint32,
  uint64,
} from '../schema.js';
import { HEX } from './flags.js';
import { fownEntry } from './fown.js';

// inotify and fanotify, and the file handles that they watch. Field numbers, names and types are those of
// images/*.proto, CRIU 4.2.

/** `mark_type` of fsnotify.proto. */
export const markTypeNames = enumeration({ INODE: 1, MOUNT: 2 });

/** `fh_entry` of fh.proto: a file handle, as name_to_handle_at(2) answers. */
export const fhEntry = message('fh_entry', {
  bytes: uint32(1),
  type: uint32(2),
  handle: repeated(uint64(3)),
  path: optional(string(4)),
  mnt_id: optional(uint32(5)),
});
export type FhEntry = Infer<typeof fhEntry>;

/** `irmap_cache_entry` of fh.proto: a path that CRIU found for an inode. */
export const irmapCacheEntry = message('irmap_cache_entry', {
  dev: uint32(1, { device: 'libc' }),
  inode: uint64(2),
  path: string(3),
});
export type IrmapCacheEntry = Infer<typeof irmapCacheEntry>;

/** `inotify_wd_entry` of fsnotify.proto: a watch of inotify. */
export const inotifyWdEntry = message('inotify_wd_entry', {
  id: uint32(1),
  i_ino: uint64(2),
  mask: uint32(3, HEX),
  ignored_mask: uint32(4, HEX),
  s_dev: uint32(5, { device: 'kernel' }),
  wd: uint32(6),
  f_handle: sub(7, fhEntry),
});
export type InotifyWdEntry = Infer<typeof inotifyWdEntry>;

/** `inotify_file_entry` of fsnotify.proto: an inotify and its watches. */
export const inotifyFileEntry = message('inotify_file_entry', {
  id: uint32(1),
  flags: uint32(2, HEX),
  fown: sub(4, fownEntry),
  wd: repeated(sub(5, inotifyWdEntry)),
});
export type InotifyFileEntry = Infer<typeof inotifyFileEntry>;

/** `fanotify_inode_mark_entry` of fsnotify.proto. */
export const fanotifyInodeMarkEntry = message('fanotify_inode_mark_entry', {
  i_ino: uint64(1),
  f_handle: sub(2, fhEntry),
});
export type FanotifyInodeMarkEntry = Infer<typeof fanotifyInodeMarkEntry>;

/** `fanotify_mount_mark_entry` of fsnotify.proto. */
export const fanotifyMountMarkEntry = message('fanotify_mount_mark_entry', {
  mnt_id: uint32(1),
  path: optional(string(2)),
});
export type FanotifyMountMarkEntry = Infer<typeof fanotifyMountMarkEntry>;

/** `fanotify_mark_entry` of fsnotify.proto: a mark of fanotify. */
export const fanotifyMarkEntry = message('fanotify_mark_entry', {
  id: uint32(1),
  type: oneOf(2, markTypeNames),
  mflags: uint32(3, HEX),
  mask: uint32(4, HEX),
  ignored_mask: uint32(5, HEX),
  s_dev: uint32(6, { device: 'kernel' }),
  ie: optional(sub(7, fanotifyInodeMarkEntry)),
  me: optional(sub(8, fanotifyMountMarkEntry)),
});
export type FanotifyMarkEntry = Infer<typeof fanotifyMarkEntry>;

/** `fanotify_file_entry` of fsnotify.proto: a fanotify group and its marks. */
export const fanotifyFileEntry = message('fanotify_file_entry', {
  id: uint32(1),
  flags: uint32(2, HEX),
  fown: sub(3, fownEntry),
  faflags: uint32(4, HEX),
  evflags: uint32(5, HEX),
  mark: repeated(sub(6, fanotifyMarkEntry)),
});
export type FanotifyFileEntry = Infer<typeof fanotifyFileEntry>;
