import { type Infer, message, optional, repeated, sub, uint32, uint64 } from '../schema.js';
import { HEX } from './flags.js';

// Registers of a thread on 64-bit ARM, pointer authentication keys included. Field numbers, names and types are
// those of images/*.proto, CRIU 4.2.

/** `user_aarch64_regs_entry` of core-aarch64.proto. */
export const userAarch64RegsEntry = message('user_aarch64_regs_entry', {
  regs: repeated(uint64(1)),
  sp: uint64(2),
  pc: uint64(3),
  pstate: uint64(4),
});
export type UserAarch64RegsEntry = Infer<typeof userAarch64RegsEntry>;

/** `user_aarch64_fpsimd_context_entry` of core-aarch64.proto. */
export const userAarch64FpsimdContextEntry = message('user_aarch64_fpsimd_context_entry', {
  vregs: repeated(uint64(1)),
  fpsr: uint32(2),
  fpcr: uint32(3),
});
export type UserAarch64FpsimdContextEntry = Infer<typeof userAarch64FpsimdContextEntry>;

/** `pac_address_keys` of core-aarch64.proto. */
export const pacAddressKeys = message('pac_address_keys', {
  apiakey_lo: uint64(1),
  apiakey_hi: uint64(2),
  apibkey_lo: uint64(3),
  apibkey_hi: uint64(4),
  apdakey_lo: uint64(5),
  apdakey_hi: uint64(6),
  apdbkey_lo: uint64(7),
  apdbkey_hi: uint64(8),
  pac_enabled_key: uint64(9),
});
export type PacAddressKeys = Infer<typeof pacAddressKeys>;

/** `pac_generic_keys` of core-aarch64.proto. */
export const pacGenericKeys = message('pac_generic_keys', {
  apgakey_lo: uint64(1),
  apgakey_hi: uint64(2),
});
export type PacGenericKeys = Infer<typeof pacGenericKeys>;

/** `pac_keys` of core-aarch64.proto. */
export const pacKeys = message('pac_keys', {
  pac_address_keys: optional(sub(6, pacAddressKeys)),
  pac_generic_keys: optional(sub(7, pacGenericKeys)),
});
export type PacKeys = Infer<typeof pacKeys>;

/** `thread_info_aarch64` of core-aarch64.proto. */
export const threadInfoAarch64 = message('thread_info_aarch64', {
  clear_tid_addr: uint64(1, HEX),
  tls: uint64(2),
  gpregs: sub(3, userAarch64RegsEntry, HEX),
  fpsimd: sub(4, userAarch64FpsimdContextEntry),
  pac_keys: optional(sub(5, pacKeys)),
});
export type ThreadInfoAarch64 = Infer<typeof threadInfoAarch64>;
