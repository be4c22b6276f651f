import {
  bool,
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
import { taskKobjIdsEntry } from './core.js';

// What kind of dump this is: inventory.img. Field numbers, names and types are those of images/*.proto, CRIU
// 4.2.

/** `lsmtype` of inventory.proto. */
export const lsmtypeNames = enumeration({ NO_LSM: 0, SELINUX: 1, APPARMOR: 2 });

/** `plugins_entry` of inventory.proto: names of the plugins that took part. */
export const pluginsEntry = message('plugins_entry', {
  plugins: repeated(string(12)),
});
export type PluginsEntry = Infer<typeof pluginsEntry>;

/** `inventory_entry` of inventory.proto: version of the images, and how they were made. */
export const inventoryEntry = message('inventory_entry', {
  img_version: uint32(1),
  fdinfo_per_id: optional(bool(2)),
  root_ids: optional(sub(3, taskKobjIdsEntry)),
  ns_per_id: optional(bool(4)),
  root_cg_set: optional(uint32(5)),
  lsmtype: optional(oneOf(6, lsmtypeNames)),
  dump_uptime: optional(uint64(8)),
  pre_dump_mode: optional(uint32(9)),
  tcp_close: optional(bool(10)),
  network_lock_method: optional(uint32(11)),
  plugins_entry: optional(sub(12, pluginsEntry)),
  dump_criu_run_id: optional(string(13)),
  allow_uprobes: optional(bool(14)),
});
export type InventoryEntry = Infer<typeof inventoryEntry>;
