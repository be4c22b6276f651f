import { bool, type Infer, message, optional, sint32, string, sub, uint32, uint64 } from '../schema.js';
import { OPEN_FLAGS } from './flags.js';
import { fownEntry } from './fown.js';

// BPF maps. Field numbers, names and types are those of images/*.proto, CRIU 4.2.

/** `bpfmap_file_entry` of bpfmap-file.proto: an open BPF map. */
export const bpfmapFileEntry = message('bpfmap_file_entry', {
  id: uint32(1),
  flags: uint32(2, { flags: OPEN_FLAGS }),
  pos: uint64(3),
  fown: sub(4, fownEntry),
  map_type: uint32(5),
  key_size: uint32(6),
  value_size: uint32(7),
  map_id: uint32(8),
  max_entries: uint32(9),
  map_flags: uint32(10),
  memlock: uint64(11),
  frozen: bool(12),
  map_name: string(13),
  ifindex: uint32(14),
  mnt_id: optional(sint32(15)),
  map_extra: optional(uint64(16)),
});
export type BpfmapFileEntry = Infer<typeof bpfmapFileEntry>;

/** `bpfmap_data_entry` of bpfmap-data.proto: the contents of a BPF map: keys, then values, follow. */
export const bpfmapDataEntry = message('bpfmap_data_entry', {
  map_id: uint32(1),
  keys_bytes: uint32(2),
  values_bytes: uint32(3),
  count: uint32(4),
});
export type BpfmapDataEntry = Infer<typeof bpfmapDataEntry>;
