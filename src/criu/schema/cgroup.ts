import {
  bool,
  type Infer,
  type MessageType,
  message,
  optional,
  repeated,
  string,
  sub,
  type UnknownField,
  uint32,
} from '../schema.js';

// Control groups, their properties, and which tasks are in which. Field numbers, names and types are those of
// images/*.proto, CRIU 4.2.

/** `cgroup_perms` of cgroup.proto. */
export const cgroupPerms = message('cgroup_perms', {
  mode: uint32(1),
  uid: uint32(2),
  gid: uint32(3),
});
export type CgroupPerms = Infer<typeof cgroupPerms>;

/** `cgroup_prop_entry` of cgroup.proto: a file in it, and what it holds. */
export const cgroupPropEntry = message('cgroup_prop_entry', {
  name: string(1),
  value: string(2),
  perms: optional(sub(3, cgroupPerms)),
});
export type CgroupPropEntry = Infer<typeof cgroupPropEntry>;

/** `cgroup_dir_entry` of cgroup.proto: a directory of a hierarchy. */
export interface CgroupDirEntry {
  readonly dir_name: string;
  readonly children: readonly CgroupDirEntry[];
  readonly properties: readonly CgroupPropEntry[];
  readonly dir_perms?: CgroupPerms;
  readonly _unknown?: readonly UnknownField[];
}

export const cgroupDirEntry: MessageType<CgroupDirEntry> = message('cgroup_dir_entry', {
  dir_name: string(1),
  children: repeated(sub(2, () => cgroupDirEntry)),
  properties: repeated(sub(3, cgroupPropEntry)),
  dir_perms: optional(sub(4, cgroupPerms)),
});

/** `cg_controller_entry` of cgroup.proto: a hierarchy and its directories. */
export const cgControllerEntry = message('cg_controller_entry', {
  cnames: repeated(string(1)),
  dirs: repeated(sub(2, cgroupDirEntry)),
  is_threaded: optional(bool(3)),
});
export type CgControllerEntry = Infer<typeof cgControllerEntry>;

/** `cg_member_entry` of cgroup.proto: the path within one hierarchy. */
export const cgMemberEntry = message('cg_member_entry', {
  name: string(1),
  path: string(2),
  cgns_prefix: optional(uint32(3)),
});
export type CgMemberEntry = Infer<typeof cgMemberEntry>;

/** `cg_set_entry` of cgroup.proto: a set of control groups; threads name theirs by `id`. */
export const cgSetEntry = message('cg_set_entry', {
  id: uint32(1),
  ctls: repeated(sub(2, cgMemberEntry)),
});
export type CgSetEntry = Infer<typeof cgSetEntry>;

/** `cgroup_entry` of cgroup.proto: all sets, and all hierarchies. */
export const cgroupEntry = message('cgroup_entry', {
  sets: repeated(sub(1, cgSetEntry)),
  controllers: repeated(sub(2, cgControllerEntry)),
});
export type CgroupEntry = Infer<typeof cgroupEntry>;
