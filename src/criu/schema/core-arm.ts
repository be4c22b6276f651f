import { type Infer, message, repeated, sub, uint32, uint64 } from '../schema.js';
import { HEX } from './flags.js';

// Registers of a thread on 32-bit ARM. Field numbers, names and types are those of images/*.proto, CRIU 4.2.

/** `user_arm_regs_entry` of core-arm.proto. */
export const userArmRegsEntry = message('user_arm_regs_entry', {
  r0: uint32(1),
  r1: uint32(2),
  r2: uint32(3),
  r3: uint32(4),
  r4: uint32(5),
  r5: uint32(6),
  r6: uint32(7),
  r7: uint32(8),
  r8: uint32(9),
  r9: uint32(10),
  r10: uint32(11),
  fp: uint32(12),
  ip: uint32(13),
  sp: uint32(14),
  lr: uint32(15),
  pc: uint32(16),
  cpsr: uint32(17),
  orig_r0: uint32(18),
});
export type UserArmRegsEntry = Infer<typeof userArmRegsEntry>;

/** `user_arm_vfpstate_entry` of core-arm.proto. */
export const userArmVfpstateEntry = message('user_arm_vfpstate_entry', {
  vfp_regs: repeated(uint64(1)),
  fpscr: uint32(2),
  fpexc: uint32(3),
  fpinst: uint32(4),
  fpinst2: uint32(5),
});
export type UserArmVfpstateEntry = Infer<typeof userArmVfpstateEntry>;

/** `thread_info_arm` of core-arm.proto. */
export const threadInfoArm = message('thread_info_arm', {
  clear_tid_addr: uint64(1, HEX),
  tls: uint32(2),
  gpregs: sub(3, userArmRegsEntry, HEX),
  fpstate: sub(4, userArmVfpstateEntry),
});
export type ThreadInfoArm = Infer<typeof threadInfoArm>;
