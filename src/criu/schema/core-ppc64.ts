import { type Infer, message, optional, repeated, sub, uint32, uint64 } from '../schema.js';
import { HEX } from './flags.js';

// Registers of a thread on POWER, transactional memory included. Field numbers, names and types are those of
// images/*.proto, CRIU 4.2.

/** `user_ppc64_regs_entry` of core-ppc64.proto. */
export const userPpc64RegsEntry = message('user_ppc64_regs_entry', {
  gpr: repeated(uint64(1)),
  nip: uint64(2),
  msr: uint64(3),
  orig_gpr3: uint64(4),
  ctr: uint64(5),
  link: uint64(6),
  xer: uint64(7),
  ccr: uint64(8),
  trap: uint64(9),
  texasr: optional(uint64(10)),
  tfhar: optional(uint64(11)),
  tfiar: optional(uint64(12)),
});
export type UserPpc64RegsEntry = Infer<typeof userPpc64RegsEntry>;

/** `user_ppc64_fpstate_entry` of core-ppc64.proto. */
export const userPpc64FpstateEntry = message('user_ppc64_fpstate_entry', {
  fpregs: repeated(uint64(1)),
});
export type UserPpc64FpstateEntry = Infer<typeof userPpc64FpstateEntry>;

/** `user_ppc64_vrstate_entry` of core-ppc64.proto. */
export const userPpc64VrstateEntry = message('user_ppc64_vrstate_entry', {
  vrregs: repeated(uint64(1)),
  vrsave: uint32(2),
});
export type UserPpc64VrstateEntry = Infer<typeof userPpc64VrstateEntry>;

/** `user_ppc64_vsxstate_entry` of core-ppc64.proto. */
export const userPpc64VsxstateEntry = message('user_ppc64_vsxstate_entry', {
  vsxregs: repeated(uint64(1)),
});
export type UserPpc64VsxstateEntry = Infer<typeof userPpc64VsxstateEntry>;

/** `user_ppc64_tm_regs_entry` of core-ppc64.proto. */
export const userPpc64TmRegsEntry = message('user_ppc64_tm_regs_entry', {
  gpregs: sub(1, userPpc64RegsEntry),
  fpstate: optional(sub(2, userPpc64FpstateEntry)),
  vrstate: optional(sub(3, userPpc64VrstateEntry)),
  vsxstate: optional(sub(4, userPpc64VsxstateEntry)),
});
export type UserPpc64TmRegsEntry = Infer<typeof userPpc64TmRegsEntry>;

/** `thread_info_ppc64` of core-ppc64.proto. */
export const threadInfoPpc64 = message('thread_info_ppc64', {
  clear_tid_addr: uint64(1, HEX),
  gpregs: sub(2, userPpc64RegsEntry, HEX),
  fpstate: optional(sub(3, userPpc64FpstateEntry)),
  vrstate: optional(sub(4, userPpc64VrstateEntry)),
  vsxstate: optional(sub(5, userPpc64VsxstateEntry)),
  tmstate: optional(sub(6, userPpc64TmRegsEntry)),
});
export type ThreadInfoPpc64 = Infer<typeof threadInfoPpc64>;
