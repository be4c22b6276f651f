import { type Infer, message, sub, uint32, uint64 } from '../schema.js';
import { HEX } from './flags.js';

// Registers of a thread on 64-bit MIPS. Field numbers, names and types are those of images/*.proto, CRIU 4.2.

/** `user_mips_regs_entry` of core-mips.proto. */
export const userMipsRegsEntry = message('user_mips_regs_entry', {
  r0: uint64(1),
  r1: uint64(2),
  r2: uint64(3),
  r3: uint64(4),
  r4: uint64(5),
  r5: uint64(6),
  r6: uint64(7),
  r7: uint64(8),
  r8: uint64(9),
  r9: uint64(10),
  r10: uint64(11),
  r11: uint64(12),
  r12: uint64(13),
  r13: uint64(14),
  r14: uint64(15),
  r15: uint64(16),
  r16: uint64(17),
  r17: uint64(18),
  r18: uint64(19),
  r19: uint64(20),
  r20: uint64(21),
  r21: uint64(22),
  r22: uint64(23),
  r23: uint64(24),
  r24: uint64(25),
  r25: uint64(26),
  r26: uint64(27),
  r27: uint64(28),
  r28: uint64(29),
  r29: uint64(30),
  r30: uint64(31),
  r31: uint64(32),
  lo: uint64(33),
  hi: uint64(34),
  cp0_epc: uint64(35),
  cp0_badvaddr: uint64(36),
  cp0_status: uint64(37),
  cp0_cause: uint64(38),
});
export type UserMipsRegsEntry = Infer<typeof userMipsRegsEntry>;

/** `user_mips_fpregs_entry` of core-mips.proto. */
export const userMipsFpregsEntry = message('user_mips_fpregs_entry', {
  r0: uint64(1),
  r1: uint64(2),
  r2: uint64(3),
  r3: uint64(4),
  r4: uint64(5),
  r5: uint64(6),
  r6: uint64(7),
  r7: uint64(8),
  r8: uint64(9),
  r9: uint64(10),
  r10: uint64(11),
  r11: uint64(12),
  r12: uint64(13),
  r13: uint64(14),
  r14: uint64(15),
  r15: uint64(16),
  r16: uint64(17),
  r17: uint64(18),
  r18: uint64(19),
  r19: uint64(20),
  r20: uint64(21),
  r21: uint64(22),
  r22: uint64(23),
  r23: uint64(24),
  r24: uint64(25),
  r25: uint64(26),
  r26: uint64(27),
  r27: uint64(28),
  r28: uint64(29),
  r29: uint64(30),
  r30: uint64(31),
  r31: uint64(32),
  lo: uint64(33),
  hi: uint64(34),
  fpu_fcr31: uint32(35),
  fpu_id: uint32(36),
});
export type UserMipsFpregsEntry = Infer<typeof userMipsFpregsEntry>;

/** `thread_info_mips` of core-mips.proto. */
export const threadInfoMips = message('thread_info_mips', {
  clear_tid_addr: uint64(1, HEX),
  tls: uint64(2),
  gpregs: sub(3, userMipsRegsEntry, HEX),
  fpregs: sub(4, userMipsFpregsEntry, HEX),
});
export type ThreadInfoMips = Infer<typeof threadInfoMips>;
