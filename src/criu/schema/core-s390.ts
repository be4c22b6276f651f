import { type Infer, message, optional, repeated, sub, uint32, uint64 } from '../schema.js';
import { HEX } from './flags.js';

// Registers of a thread on s390x. Field numbers, names and types are those of images/*.proto, CRIU 4.2.

/** `user_s390_regs_entry` of core-s390.proto. */
export const userS390RegsEntry = message('user_s390_regs_entry', {
  psw_mask: uint64(1),
  psw_addr: uint64(2),
  gprs: repeated(uint64(3)),
  acrs: repeated(uint32(4)),
  orig_gpr2: uint64(5),
  system_call: uint32(6),
});
export type UserS390RegsEntry = Infer<typeof userS390RegsEntry>;

/** `user_s390_vxrs_low_entry` of core-s390.proto. */
export const userS390VxrsLowEntry = message('user_s390_vxrs_low_entry', {
  regs: repeated(uint64(1)),
});
export type UserS390VxrsLowEntry = Infer<typeof userS390VxrsLowEntry>;

/** `user_s390_vxrs_high_entry` of core-s390.proto. */
export const userS390VxrsHighEntry = message('user_s390_vxrs_high_entry', {
  regs: repeated(uint64(1)),
});
export type UserS390VxrsHighEntry = Infer<typeof userS390VxrsHighEntry>;

/** `user_s390_fpregs_entry` of core-s390.proto. */
export const userS390FpregsEntry = message('user_s390_fpregs_entry', {
  fpc: uint32(1),
  fprs: repeated(uint64(2)),
});
export type UserS390FpregsEntry = Infer<typeof userS390FpregsEntry>;

/** `user_s390_gs_cb_entry` of core-s390.proto. */
export const userS390GsCbEntry = message('user_s390_gs_cb_entry', {
  regs: repeated(uint64(1)),
});
export type UserS390GsCbEntry = Infer<typeof userS390GsCbEntry>;

/** `user_s390_ri_entry` of core-s390.proto. */
export const userS390RiEntry = message('user_s390_ri_entry', {
  ri_on: uint32(1),
  regs: repeated(uint64(2)),
});
export type UserS390RiEntry = Infer<typeof userS390RiEntry>;

/** `thread_info_s390` of core-s390.proto. */
export const threadInfoS390 = message('thread_info_s390', {
  clear_tid_addr: uint64(1, HEX),
  gpregs: sub(2, userS390RegsEntry, HEX),
  fpregs: sub(3, userS390FpregsEntry, HEX),
  vxrs_low: optional(sub(4, userS390VxrsLowEntry, HEX)),
  vxrs_high: optional(sub(5, userS390VxrsHighEntry, HEX)),
  gs_cb: optional(sub(6, userS390GsCbEntry, HEX)),
  gs_bc: optional(sub(7, userS390GsCbEntry, HEX)),
  ri_cb: optional(sub(8, userS390RiEntry, HEX)),
});
export type ThreadInfoS390 = Infer<typeof threadInfoS390>;
