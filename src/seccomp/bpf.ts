import { FormatError } from '../base/errors.js';

/** One classic BPF instruction, `struct sock_filter` of linux/filter.h. */
export interface Instruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  /** Unsigned 32 bits. */
  readonly k: number;
}

/** The kernel's limit of one filter (BPF_MAXINSNS). */
export const MAX_INSTRUCTIONS = 4096;
const SIZE = 8;

/** The classes and modes of classic BPF, as linux/bpf_common.h numbers them. */
export const Bpf = {
  classOf: (code: number): number => code & 0x07,
  LD: 0x00,
  LDX: 0x01,
  ST: 0x02,
  STX: 0x03,
  ALU: 0x04,
  JMP: 0x05,
  RET: 0x06,
  MISC: 0x07,
  modeOf: (code: number): number => code & 0xe0,
  IMM: 0x00,
  ABS: 0x20,
  MEM: 0x60,
  LEN: 0x80,
  opOf: (code: number): number => code & 0xf0,
  JA: 0x00,
  JEQ: 0x10,
  JGT: 0x20,
  JGE: 0x30,
  JSET: 0x40,
  isX: (code: number): boolean => (code & 0x08) !== 0,
} as const;

/**
 * Reads a filter as CRIU keeps it: `sock_filter` structs of 8 bytes, little endian (x86-64, aarch64).
 *
 * @param where - the image, for errors
 * @throws FormatError when it is no filter that the kernel could have accepted: length, jumps, no return at the end
 */
export function parseInstructions(bytes: Uint8Array, where: string): readonly Instruction[] {
  if (bytes.length === 0 || bytes.length % SIZE !== 0) {
    throw new FormatError(where, undefined, `a filter of ${bytes.length} bytes is not made of instructions`);
  }
  const count = bytes.length / SIZE;
  if (count > MAX_INSTRUCTIONS) {
    throw new FormatError(
      where,
      undefined,
      `a filter of ${count} instructions, the kernel takes ${MAX_INSTRUCTIONS}`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const program = Array.from({ length: count }, (_, at) => ({
    code: view.getUint16(at * SIZE, true),
    jt: view.getUint8(at * SIZE + 2),
    jf: view.getUint8(at * SIZE + 3),
    k: view.getUint32(at * SIZE + 4, true),
  }));
  program.forEach((instruction, at) => {
    for (const target of targets(instruction, at)) {
      if (target >= count)
        throw new FormatError(where, at * SIZE, `instruction ${at} leads out of the filter`);
    }
  });
  return program;
}

/** Where the instruction at `at` may lead; nowhere for a return. All jumps of classic BPF go forward. */
export function targets({ code, jt, jf, k }: Instruction, at: number): readonly number[] {
  if (Bpf.classOf(code) === Bpf.RET) return [];
  if (Bpf.classOf(code) !== Bpf.JMP) return [at + 1];
  if (Bpf.opOf(code) === Bpf.JA) return [at + 1 + k];
  return [at + 1 + jt, at + 1 + jf];
}
