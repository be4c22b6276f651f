import {
  bool,
  type Infer,
  int32,
  message,
  optional,
  repeated,
  sint64,
  sub,
  uint32,
  uint64,
} from '../schema.js';
import { HEX, MMAP_FLAGS, MMAP_PROT, PAGEMAP_FLAGS, VMA_STATUS } from './flags.js';

// Address spaces: mappings, and which pages the images of pages hold. Field numbers, names and types are those
// of images/*.proto, CRIU 4.2.

/** `vma_entry` of vma.proto: a mapping; `fd` is unused, `pgoff` counts bytes. */
export const vmaEntry = message('vma_entry', {
  start: uint64(1, HEX),
  end: uint64(2, HEX),
  pgoff: uint64(3),
  shmid: uint64(4),
  prot: uint32(5, { flags: MMAP_PROT }),
  flags: uint32(6, { flags: MMAP_FLAGS }),
  status: uint32(7, { flags: VMA_STATUS }),
  fd: sint64(8),
  madv: optional(uint64(9, HEX)),
  fdflags: optional(uint32(10, HEX)),
});
export type VmaEntry = Infer<typeof vmaEntry>;

/** `aio_ring_entry` of mm.proto: a ring of io_setup(2). */
export const aioRingEntry = message('aio_ring_entry', {
  id: uint64(1),
  nr_req: uint32(2),
  ring_len: uint32(3),
});
export type AioRingEntry = Infer<typeof aioRingEntry>;

/**
 * `mm_entry` of mm.proto: an address space: its ranges, the executable, the auxiliary vector, all mappings.
 */
export const mmEntry = message('mm_entry', {
  mm_start_code: uint64(1, HEX),
  mm_end_code: uint64(2, HEX),
  mm_start_data: uint64(3, HEX),
  mm_end_data: uint64(4, HEX),
  mm_start_stack: uint64(5, HEX),
  mm_start_brk: uint64(6, HEX),
  mm_brk: uint64(7, HEX),
  mm_arg_start: uint64(8, HEX),
  mm_arg_end: uint64(9, HEX),
  mm_env_start: uint64(10, HEX),
  mm_env_end: uint64(11, HEX),
  exe_file_id: uint32(12),
  mm_saved_auxv: repeated(uint64(13)),
  vmas: repeated(sub(14, vmaEntry)),
  dumpable: optional(int32(15)),
  aios: repeated(sub(16, aioRingEntry)),
  thp_disabled: optional(bool(17)),
});
export type MmEntry = Infer<typeof mmEntry>;

/** `pagemap_head` of pagemap.proto: which pages-N.img the runs of a pagemap are in. */
export const pagemapHead = message('pagemap_head', {
  pages_id: uint32(1),
});
export type PagemapHead = Infer<typeof pagemapHead>;

/**
 * `pagemap_entry` of pagemap.proto: a run of pages; `nr_pages` since CRIU 4.2, the 32-bit `compat_nr_pages`
 * always.
 */
export const pagemapEntry = message('pagemap_entry', {
  vaddr: uint64(1, HEX),
  compat_nr_pages: uint32(2),
  in_parent: optional(bool(3)),
  flags: optional(uint32(4, { flags: PAGEMAP_FLAGS })),
  nr_pages: optional(uint64(5)),
});
export type PagemapEntry = Infer<typeof pagemapEntry>;
