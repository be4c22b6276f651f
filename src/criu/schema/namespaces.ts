import { type Infer, message, optional, repeated, string, sub, uint32 } from '../schema.js';

// UTS, user and PID namespaces. Field numbers, names and types are those of images/*.proto, CRIU 4.2.

/** `utsns_entry` of utsns.proto: host and domain name. */
export const utsnsEntry = message('utsns_entry', {
  nodename: string(1),
  domainname: string(2),
});
export type UtsnsEntry = Infer<typeof utsnsEntry>;

/** `uid_gid_extent` of userns.proto: ids within and without a user namespace. */
export const uidGidExtent = message('uid_gid_extent', {
  first: uint32(1),
  lower_first: uint32(2),
  count: uint32(3),
});
export type UidGidExtent = Infer<typeof uidGidExtent>;

/** `userns_entry` of userns.proto: the id maps of a user namespace. */
export const usernsEntry = message('userns_entry', {
  uid_map: repeated(sub(1, uidGidExtent)),
  gid_map: repeated(sub(2, uidGidExtent)),
});
export type UsernsEntry = Infer<typeof usernsEntry>;

/** `pidns_entry` of pidns.proto: a PID namespace that is not CRIU's to restore. */
export const pidnsEntry = message('pidns_entry', {
  ext_key: optional(string(1)),
});
export type PidnsEntry = Infer<typeof pidnsEntry>;
