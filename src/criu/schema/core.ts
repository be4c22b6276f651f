import {
  bool,
  enumeration,
  type Infer,
  int32,
  message,
  oneOf,
  optional,
  repeated,
  sint32,
  string,
  sub,
  uint32,
  uint64,
} from '../schema.js';
import { threadInfoAarch64 } from './core-aarch64.js';
import { threadInfoArm } from './core-arm.js';
import { threadInfoLoongarch64 } from './core-loongarch64.js';
import { threadInfoMips } from './core-mips.js';
import { threadInfoPpc64 } from './core-ppc64.js';
import { threadInfoRiscv64 } from './core-riscv64.js';
import { threadInfoS390 } from './core-s390.js';
import { threadInfoX86 } from './core-x86.js';
import { HEX } from './flags.js';
import { TASK_STATES } from './names.js';
import { credsEntry, rlimitEntry, rseqEntry, saEntry, signalQueueEntry } from './process.js';
import { taskTimersEntry } from './timers.js';

// What CRIU keeps of a task and of each of its threads: core-PID.img, ids-PID.img. Field numbers, names and
// types are those of images/*.proto, CRIU 4.2.

/** `seccomp_mode` of core.proto. */
export const seccompModeNames = enumeration({ disabled: 0, strict: 1, filter: 2 });

/** `core_entry.march` of core.proto. */
export const coreEntryMarchNames = enumeration({
  UNKNOWN: 0,
  X86_64: 1,
  ARM: 2,
  AARCH64: 3,
  PPC64: 4,
  S390: 5,
  MIPS: 6,
  LOONGARCH64: 7,
  RISCV64: 8,
});

/** `task_rlimits_entry` of core.proto: all limits, in the order of their numbers. */
export const taskRlimitsEntry = message('task_rlimits_entry', {
  rlimits: repeated(sub(1, rlimitEntry)),
});
export type TaskRlimitsEntry = Infer<typeof taskRlimitsEntry>;

/** `task_core_entry` of core.proto: a task; `task_state` is 1 alive, 3 zombie, 6 stopped. */
export const taskCoreEntry = message('task_core_entry', {
  task_state: uint32(1, { names: TASK_STATES }),
  exit_code: uint32(2),
  personality: uint32(3),
  flags: uint32(4),
  blk_sigset: uint64(5, HEX),
  comm: string(6),
  timers: optional(sub(7, taskTimersEntry)),
  rlimits: optional(sub(8, taskRlimitsEntry)),
  cg_set: optional(uint32(9)),
  signals_s: optional(sub(10, signalQueueEntry)),
  old_seccomp_mode: optional(oneOf(11, seccompModeNames)),
  old_seccomp_filter: optional(uint32(12)),
  loginuid: optional(uint32(13)),
  oom_score_adj: optional(int32(14)),
  sigactions: repeated(sub(15, saEntry)),
  child_subreaper: optional(bool(18)),
  blk_sigset_extended: optional(uint64(20, HEX)),
  stop_signo: optional(uint32(21)),
  membarrier_registration_mask: optional(uint32(22, HEX)),
});
export type TaskCoreEntry = Infer<typeof taskCoreEntry>;

/**
 * `task_kobj_ids_entry` of core.proto: which kernel objects a task shares: equal ids are one object, and name
 * images.
 */
export const taskKobjIdsEntry = message('task_kobj_ids_entry', {
  vm_id: uint32(1),
  files_id: uint32(2),
  fs_id: uint32(3),
  sighand_id: uint32(4),
  pid_ns_id: optional(uint32(5)),
  net_ns_id: optional(uint32(6)),
  ipc_ns_id: optional(uint32(7)),
  uts_ns_id: optional(uint32(8)),
  mnt_ns_id: optional(uint32(9)),
  user_ns_id: optional(uint32(10)),
  cgroup_ns_id: optional(uint32(11)),
  time_ns_id: optional(uint32(12)),
});
export type TaskKobjIdsEntry = Infer<typeof taskKobjIdsEntry>;

/** `thread_sas_entry` of core.proto: an alternate signal stack. */
export const threadSasEntry = message('thread_sas_entry', {
  ss_sp: uint64(1),
  ss_size: uint64(2),
  ss_flags: uint32(3),
});
export type ThreadSasEntry = Infer<typeof threadSasEntry>;

/** `thread_core_entry` of core.proto: a thread. */
export const threadCoreEntry = message('thread_core_entry', {
  futex_rla: uint64(1),
  futex_rla_len: uint32(2),
  sched_nice: optional(sint32(3)),
  sched_policy: optional(uint32(4)),
  sched_prio: optional(uint32(5)),
  blk_sigset: optional(uint64(6)),
  sas: optional(sub(7, threadSasEntry)),
  pdeath_sig: optional(uint32(8)),
  signals_p: optional(sub(9, signalQueueEntry)),
  creds: optional(sub(10, credsEntry)),
  seccomp_mode: optional(oneOf(11, seccompModeNames)),
  seccomp_filter: optional(uint32(12)),
  comm: optional(string(13)),
  blk_sigset_extended: optional(uint64(14)),
  rseq_entry: optional(sub(15, rseqEntry)),
  cg_set: optional(uint32(16)),
});
export type ThreadCoreEntry = Infer<typeof threadCoreEntry>;

/** `core_entry` of core.proto: a thread; of a process's first thread also the task. */
export const coreEntry = message('core_entry', {
  mtype: oneOf(1, coreEntryMarchNames),
  thread_info: optional(sub(2, threadInfoX86)),
  ti_arm: optional(sub(6, threadInfoArm)),
  ti_aarch64: optional(sub(8, threadInfoAarch64)),
  ti_ppc64: optional(sub(9, threadInfoPpc64)),
  ti_s390: optional(sub(10, threadInfoS390)),
  ti_mips: optional(sub(11, threadInfoMips)),
  ti_loongarch64: optional(sub(12, threadInfoLoongarch64)),
  ti_riscv64: optional(sub(13, threadInfoRiscv64)),
  tc: optional(sub(3, taskCoreEntry)),
  ids: optional(sub(4, taskKobjIdsEntry)),
  thread_core: optional(sub(5, threadCoreEntry)),
});
export type CoreEntry = Infer<typeof coreEntry>;
