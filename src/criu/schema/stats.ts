import { type Infer, message, optional, requiredLater, sub, uint32, uint64 } from '../schema.js';

// What a dump or a restore took. Field numbers, names and types are those of images/*.proto, CRIU 4.2.

/** `dump_stats_entry` of stats.proto: times in microseconds, memory in pages. */
export const dumpStatsEntry = message('dump_stats_entry', {
  freezing_time: uint32(1),
  frozen_time: uint32(2),
  memdump_time: uint32(3),
  memwrite_time: uint32(4),
  pages_scanned: uint64(5),
  pages_skipped_parent: uint64(6),
  pages_written: uint64(7),
  irmap_resolve: optional(uint32(8)),
  pages_lazy: requiredLater(uint64(9)), // since CRIU 3.5
  page_pipes: optional(uint64(10)),
  page_pipe_bufs: optional(uint64(11)),
  shpages_scanned: optional(uint64(12)),
  shpages_skipped_parent: optional(uint64(13)),
  shpages_written: optional(uint64(14)),
});
export type DumpStatsEntry = Infer<typeof dumpStatsEntry>;

/** `restore_stats_entry` of stats.proto: times in microseconds, memory in pages. */
export const restoreStatsEntry = message('restore_stats_entry', {
  pages_compared: uint64(1),
  pages_skipped_cow: uint64(2),
  forking_time: uint32(3),
  restore_time: uint32(4),
  pages_restored: optional(uint64(5)),
});
export type RestoreStatsEntry = Infer<typeof restoreStatsEntry>;

/** `stats_entry` of stats.proto: one of both. */
export const statsEntry = message('stats_entry', {
  dump: optional(sub(1, dumpStatsEntry)),
  restore: optional(sub(2, restoreStatsEntry)),
});
export type StatsEntry = Infer<typeof statsEntry>;
