import { type Infer, message, repeated, sub, uint32, uint64 } from '../schema.js';
import { HEX } from './flags.js';

// Registers of a thread on 64-bit LoongArch. Field numbers, names and types are those of images/*.proto, CRIU
// 4.2.

/** `user_loongarch64_gpregs_entry` of core-loongarch64.proto. */
export const userLoongarch64GpregsEntry = message('user_loongarch64_gpregs_entry', {
  regs: repeated(uint64(1)),
  pc: uint64(2),
});
export type UserLoongarch64GpregsEntry = Infer<typeof userLoongarch64GpregsEntry>;

/** `user_loongarch64_fpregs_entry` of core-loongarch64.proto. */
export const userLoongarch64FpregsEntry = message('user_loongarch64_fpregs_entry', {
  regs: repeated(uint64(1)),
  fcc: uint64(2),
  fcsr: uint32(3),
});
export type UserLoongarch64FpregsEntry = Infer<typeof userLoongarch64FpregsEntry>;

/** `thread_info_loongarch64` of core-loongarch64.proto. */
export const threadInfoLoongarch64 = message('thread_info_loongarch64', {
  clear_tid_addr: uint64(1, HEX),
  tls: uint64(2),
  gpregs: sub(3, userLoongarch64GpregsEntry, HEX),
  fpregs: sub(4, userLoongarch64FpregsEntry, HEX),
});
export type ThreadInfoLoongarch64 = Infer<typeof threadInfoLoongarch64>;
