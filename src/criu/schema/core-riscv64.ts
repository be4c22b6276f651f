import { type Infer, message, repeated, sub, uint32, uint64 } from '../schema.js';
import { HEX } from './flags.js';

// Registers of a thread on 64-bit RISC-V. Field numbers, names and types are those of images/*.proto, CRIU 4.2.

/** `user_riscv64_regs_entry` of core-riscv64.proto. */
export const userRiscv64RegsEntry = message('user_riscv64_regs_entry', {
  pc: uint64(1),
  ra: uint64(2),
  sp: uint64(3),
  gp: uint64(4),
  tp: uint64(5),
  t0: uint64(6),
  t1: uint64(7),
  t2: uint64(8),
  s0: uint64(9),
  s1: uint64(10),
  a0: uint64(11),
  a1: uint64(12),
  a2: uint64(13),
  a3: uint64(14),
  a4: uint64(15),
  a5: uint64(16),
  a6: uint64(17),
  a7: uint64(18),
  s2: uint64(19),
  s3: uint64(20),
  s4: uint64(21),
  s5: uint64(22),
  s6: uint64(23),
  s7: uint64(24),
  s8: uint64(25),
  s9: uint64(26),
  s10: uint64(27),
  s11: uint64(28),
  t3: uint64(29),
  t4: uint64(30),
  t5: uint64(31),
  t6: uint64(32),
});
export type UserRiscv64RegsEntry = Infer<typeof userRiscv64RegsEntry>;

/** `user_riscv64_d_ext_entry` of core-riscv64.proto. */
export const userRiscv64DExtEntry = message('user_riscv64_d_ext_entry', {
  f: repeated(uint64(1)),
  fcsr: uint32(2),
});
export type UserRiscv64DExtEntry = Infer<typeof userRiscv64DExtEntry>;

/** `thread_info_riscv64` of core-riscv64.proto. */
export const threadInfoRiscv64 = message('thread_info_riscv64', {
  clear_tid_addr: uint64(1, HEX),
  tls: uint64(2),
  gpregs: sub(3, userRiscv64RegsEntry, HEX),
  fpsimd: sub(4, userRiscv64DExtEntry),
});
export type ThreadInfoRiscv64 = Infer<typeof threadInfoRiscv64>;
