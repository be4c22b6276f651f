import {
  bool,
  bytes,
  enumeration,
  type Infer,
  type MessageType,
  message,
  oneOf,
  optional,
  repeated,
  string,
  sub,
  type UnknownField,
  uint32,
  uint64,
} from '../schema.js';
import { HEX } from './flags.js';

// The process tree, and what belongs to a task apart from its memory and its files. Field numbers, names and
// types are those of images/*.proto, CRIU 4.2.

/** `cpuinfo_x86_entry.vendor` of cpuinfo.proto. */
export const cpuinfoX86EntryVendorNames = enumeration({ UNKNOWN: 0, INTEL: 1, AMD: 2 });

/** `cpuinfo_ppc64_entry.endianness` of cpuinfo.proto. */
export const cpuinfoPpc64EntryEndiannessNames = enumeration({ BIGENDIAN: 0, LITTLEENDIAN: 1 });

/** `pstree_entry` of pstree.proto: a process: its parent, group, session and threads. */
export const pstreeEntry = message('pstree_entry', {
  pid: uint32(1),
  ppid: uint32(2),
  pgid: uint32(3),
  sid: uint32(4),
  threads: repeated(uint32(5)),
});
export type PstreeEntry = Infer<typeof pstreeEntry>;

/** `creds_entry` of creds.proto: user, groups, capabilities (32 bits a word, low word first), LSM labels. */
export const credsEntry = message('creds_entry', {
  uid: uint32(1),
  gid: uint32(2),
  euid: uint32(3),
  egid: uint32(4),
  suid: uint32(5),
  sgid: uint32(6),
  fsuid: uint32(7),
  fsgid: uint32(8),
  cap_inh: repeated(uint32(9)),
  cap_prm: repeated(uint32(10)),
  cap_eff: repeated(uint32(11)),
  cap_bnd: repeated(uint32(12)),
  secbits: uint32(13),
  groups: repeated(uint32(14)),
  lsm_profile: optional(string(15)),
  lsm_sockcreate: optional(string(16)),
  apparmor_data: optional(bytes(17)),
  no_new_privs: optional(uint32(18)),
  cap_amb: repeated(uint32(19)),
});
export type CredsEntry = Infer<typeof credsEntry>;

/** `fs_entry` of fs.proto: working directory and root, as ids of files.img. */
export const fsEntry = message('fs_entry', {
  cwd_id: uint32(1),
  root_id: uint32(2),
  umask: optional(uint32(3)),
});
export type FsEntry = Infer<typeof fsEntry>;

/** `rlimit_entry` of rlimit.proto: a limit of getrlimit(2). */
export const rlimitEntry = message('rlimit_entry', {
  cur: uint64(1),
  max: uint64(2),
});
export type RlimitEntry = Infer<typeof rlimitEntry>;

/** `rseq_entry` of rseq.proto: restartable sequences of a thread. */
export const rseqEntry = message('rseq_entry', {
  rseq_abi_pointer: uint64(1),
  rseq_abi_size: uint32(2),
  signature: uint32(3),
  rseq_cs_pointer: optional(uint64(4)),
});
export type RseqEntry = Infer<typeof rseqEntry>;

/** `sa_entry` of sa.proto: what a signal does: sigaction(2). */
export const saEntry = message('sa_entry', {
  sigaction: uint64(1, HEX),
  flags: uint64(2, HEX),
  restorer: uint64(3, HEX),
  mask: uint64(4, HEX),
  compat_sigaction: optional(bool(5)),
  mask_extended: optional(uint64(6, HEX)),
});
export type SaEntry = Infer<typeof saEntry>;

/** `siginfo_entry` of siginfo.proto: a pending signal, the kernel's siginfo_t. */
export const siginfoEntry = message('siginfo_entry', {
  siginfo: bytes(1),
});
export type SiginfoEntry = Infer<typeof siginfoEntry>;

/** `signal_queue_entry` of siginfo.proto: pending signals, oldest first. */
export const signalQueueEntry = message('signal_queue_entry', {
  signals: repeated(sub(1, siginfoEntry)),
});
export type SignalQueueEntry = Infer<typeof signalQueueEntry>;

/**
 * `seccomp_filter` of seccomp.proto: a program of classic BPF, and the index of the filter that it was laid
 * upon.
 */
export const seccompFilter = message('seccomp_filter', {
  filter: bytes(1),
  prev: optional(uint32(2)),
  flags: optional(uint32(3)),
});
export type SeccompFilter = Infer<typeof seccompFilter>;

/** `seccomp_entry` of seccomp.proto: every filter of every thread; threads name the last of their chain. */
export const seccompEntry = message('seccomp_entry', {
  seccomp_filters: repeated(sub(1, seccompFilter)),
});
export type SeccompEntry = Infer<typeof seccompEntry>;

/** `aa_policy` of apparmor.proto. */
export const aaPolicy = message('aa_policy', {
  name: string(1),
  blob: bytes(2),
});
export type AaPolicy = Infer<typeof aaPolicy>;

/** `aa_namespace` of apparmor.proto. */
export interface AaNamespace {
  readonly name: string;
  readonly policies: readonly AaPolicy[];
  readonly namespaces: readonly AaNamespace[];
  readonly _unknown?: readonly UnknownField[];
}

export const aaNamespace: MessageType<AaNamespace> = message('aa_namespace', {
  name: string(1),
  policies: repeated(sub(2, aaPolicy)),
  namespaces: repeated(sub(3, () => aaNamespace)),
});

/** `apparmor_entry` of apparmor.proto: AppArmor policies of containers that have namespaces of their own. */
export const apparmorEntry = message('apparmor_entry', {
  namespaces: repeated(sub(1, aaNamespace)),
});
export type ApparmorEntry = Infer<typeof apparmorEntry>;

/** `cpuinfo_x86_entry` of cpuinfo.proto. */
export const cpuinfoX86Entry = message('cpuinfo_x86_entry', {
  vendor_id: oneOf(1, cpuinfoX86EntryVendorNames),
  cpu_family: uint32(2),
  model: uint32(3),
  stepping: uint32(4),
  capability_ver: uint32(5),
  capability: repeated(uint32(6)),
  model_id: optional(string(7)),
  xfeatures_mask: optional(uint64(8)),
  xsave_size: optional(uint32(9)),
  xsave_size_max: optional(uint32(10)),
});
export type CpuinfoX86Entry = Infer<typeof cpuinfoX86Entry>;

/** `cpuinfo_ppc64_entry` of cpuinfo.proto. */
export const cpuinfoPpc64Entry = message('cpuinfo_ppc64_entry', {
  endian: oneOf(1, cpuinfoPpc64EntryEndiannessNames),
  hwcap: repeated(uint64(2)),
});
export type CpuinfoPpc64Entry = Infer<typeof cpuinfoPpc64Entry>;

/** `cpuinfo_s390_entry` of cpuinfo.proto. */
export const cpuinfoS390Entry = message('cpuinfo_s390_entry', {
  hwcap: repeated(uint64(2)),
});
export type CpuinfoS390Entry = Infer<typeof cpuinfoS390Entry>;

/** `cpuinfo_entry` of cpuinfo.proto: the CPUs, one entry for each that differs. */
export const cpuinfoEntry = message('cpuinfo_entry', {
  x86_entry: repeated(sub(1, cpuinfoX86Entry)),
  ppc64_entry: repeated(sub(2, cpuinfoPpc64Entry)),
  s390_entry: repeated(sub(3, cpuinfoS390Entry)),
});
export type CpuinfoEntry = Infer<typeof cpuinfoEntry>;
