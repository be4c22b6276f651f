import { FieldWriter } from './writer.js';

/** General registers of an x86-64 thread as CRIU keeps them (`user_x86_regs_entry`). */
export interface X86Registers {
  readonly r15: bigint;
  readonly r14: bigint;
  readonly r13: bigint;
  readonly r12: bigint;
  readonly bp: bigint;
  readonly bx: bigint;
  readonly r11: bigint;
  readonly r10: bigint;
  readonly r9: bigint;
  readonly r8: bigint;
  readonly ax: bigint;
  readonly cx: bigint;
  readonly dx: bigint;
  readonly si: bigint;
  readonly di: bigint;
  readonly orig_ax: bigint;
  readonly ip: bigint;
  readonly cs: bigint;
  readonly flags: bigint;
  readonly sp: bigint;
  readonly ss: bigint;
  readonly fs_base: bigint;
  readonly gs_base: bigint;
  readonly ds: bigint;
  readonly es: bigint;
  readonly fs: bigint;
  readonly gs: bigint;
}

/** Floating-point and vector registers of an x86 thread (`user_x86_fpregs_entry`): fxsave, then xsave components. */
export interface X86FloatRegisters {
  readonly cwd: number;
  readonly swd: number;
  readonly twd: number;
  readonly fop: number;
  readonly rip: bigint;
  readonly rdp: bigint;
  readonly mxcsr: number;
  readonly mxcsr_mask: number;
  readonly st_space: readonly number[];
  readonly xmm_space: readonly number[];
  readonly xsave?:
    | {
        readonly xstate_bv: bigint;
        readonly ymmh_space: readonly number[];
        readonly bndreg_state: readonly bigint[];
        readonly bndcsr_state: readonly bigint[];
        readonly opmask_reg: readonly bigint[];
        readonly zmm_upper: readonly bigint[];
        readonly hi16_zmm: readonly bigint[];
        readonly pkru: readonly number[];
      }
    | undefined;
}

/** Registers of an aarch64 thread (`user_aarch64_regs_entry`). */
export interface Aarch64Registers {
  /** x0 to x30. */
  readonly regs: readonly bigint[];
  readonly sp: bigint;
  readonly pc: bigint;
  readonly pstate: bigint;
}

/** Vector registers of an aarch64 thread: v0 to v31 as pairs of 64-bit halves, low half first. */
export interface Aarch64FloatRegisters {
  readonly vregs: readonly bigint[];
  readonly fpsr: number;
  readonly fpcr: number;
}

/** `struct user_regs_struct` of x86-64 (arch/x86/include/asm/user_64.h): 27 registers, 216 bytes. */
export function x86RegisterSet(r: X86Registers): Buffer {
  const order = [
    ...[r.r15, r.r14, r.r13, r.r12, r.bp, r.bx, r.r11, r.r10, r.r9, r.r8, r.ax, r.cx, r.dx, r.si, r.di],
    ...[r.orig_ax, r.ip, r.cs, r.flags, r.sp, r.ss, r.fs_base, r.gs_base, r.ds, r.es, r.fs, r.gs],
  ];
  return new FieldWriter(27 * 8).u64s(order, 27).bytes;
}

/** `struct user_i387_struct` of x86-64: the 512 bytes of fxsave. */
export function x86FloatSet(f: X86FloatRegisters): Buffer {
  return fxsave(new FieldWriter(512), f).bytes;
}

function fxsave(writer: FieldWriter, f: X86FloatRegisters): FieldWriter {
  writer.u16(f.cwd).u16(f.swd).u16(f.twd).u16(f.fop).u64(f.rip).u64(f.rdp).u32(f.mxcsr).u32(f.mxcsr_mask);
  return writer.u32s(f.st_space, 32).u32s(f.xmm_space, 64);
}

/** Bits of XCR0: which state components an xsave area has (Intel SDM volume 1, 13.1). */
const XCR0 = { x87: 1n, sse: 2n, avx: 4n, mpx: 0x18n, avx512: 0xe0n, pkru: 0x200n } as const;

/** Offset in fxsave's reserved bytes where the kernel leaves XCR0 for debuggers (`xfeatures` of `xsave_sw_bytes`). */
const XCR0_OFFSET = 464;

/**
 * NT_X86_XSTATE: the xsave area in its standard form, laid out as on Intel's processors (components at 576, 960,
 * 1024, 1088, 1152, 1664, 2688); debuggers tell the layout by XCR0 and the size together.
 * Undefined when CRIU dumped no xsave state.
 */
export function x86ExtendedState(f: X86FloatRegisters): Buffer | undefined {
  const x = f.xsave;
  if (x === undefined) return undefined;
  const mpx = x.bndreg_state.length > 0;
  const avx512 = x.opmask_reg.length > 0 || x.zmm_upper.length > 0 || x.hi16_zmm.length > 0;
  const pkru = x.pkru.length > 0;
  const size = pkru ? 2696 : avx512 ? 2688 : mpx ? 1088 : 832;
  let features = XCR0.x87 | XCR0.sse | XCR0.avx;
  if (mpx) features |= XCR0.mpx;
  if (avx512) features |= XCR0.avx512;
  if (pkru) features |= XCR0.pkru;
  const writer = fxsave(new FieldWriter(size), f);
  writer.to(XCR0_OFFSET).u64(features);
  writer.to(512).u64(x.xstate_bv & features);
  writer.to(576).u32s(x.ymmh_space, 64);
  if (mpx) writer.to(960).u64s(x.bndreg_state, 8).to(1024).u64s(x.bndcsr_state, 8);
  if (avx512) writer.to(1088).u64s(x.opmask_reg, 8).u64s(x.zmm_upper, 64).u64s(x.hi16_zmm, 128);
  if (pkru) writer.to(2688).u32s(x.pkru, 2);
  return writer.bytes;
}

/** `struct user_pt_regs` of aarch64: x0 to x30, sp, pc, pstate; 272 bytes. */
export function aarch64RegisterSet(r: Aarch64Registers): Buffer {
  return new FieldWriter(34 * 8).u64s(r.regs, 31).u64(r.sp).u64(r.pc).u64(r.pstate).bytes;
}

/** `struct user_fpsimd_state` of aarch64: v0 to v31, fpsr, fpcr, padding; 528 bytes. */
export function aarch64FloatSet(f: Aarch64FloatRegisters): Buffer {
  return new FieldWriter(528).u64s(f.vregs, 64).u32(f.fpsr).u32(f.fpcr).bytes;
}
