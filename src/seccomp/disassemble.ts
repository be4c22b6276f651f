import { actionName } from './actions.js';
import { Bpf, type Instruction } from './bpf.js';
import { ARCHITECTURES, type Architecture, architectureOf, X32_BIT } from './syscalls.js';

/** An instruction as text, with what its constant means. */
export interface Line {
  readonly at: number;
  /** `jeq #0xc000003e, 0004, 0101`. */
  readonly text: string;
  /** `arch`, `nr`, `args[0] low`, `x86-64`, `openat`; empty when there is nothing to say. */
  readonly comment: string;
}

/** Fields of `struct seccomp_data` by offset (linux/seccomp.h); arguments are 64 bits, low half first. */
function fieldName(offset: number): string {
  if (offset === 0) return 'nr';
  if (offset === 4) return 'arch';
  if (offset === 8) return 'instruction pointer low';
  if (offset === 12) return 'instruction pointer high';
  if (offset >= 16 && offset < 64 && offset % 4 === 0) {
    return `args[${(offset - 16) >> 3}] ${(offset & 4) === 0 ? 'low' : 'high'}`;
  }
  return '';
}

const ALU = ['add', 'sub', 'mul', 'div', 'or', 'and', 'lsh', 'rsh', 'neg', 'mod', 'xor'] as const;
const JUMPS: Readonly<Record<number, string>> = {
  [Bpf.JEQ]: 'jeq',
  [Bpf.JGT]: 'jgt',
  [Bpf.JGE]: 'jge',
  [Bpf.JSET]: 'jset',
};

/** What the accumulator holds when an instruction is reached, as far as all ways there agree. */
interface Known {
  readonly loaded: number | undefined;
  readonly architecture: Architecture | undefined;
}

const NOTHING: Known = { loaded: undefined, architecture: undefined };

/**
 * A filter as readable text, in the notation of the kernel's bpf_asm. Jump targets are instruction numbers. Syscall
 * numbers get the names of the architecture that the filter has found out by then.
 */
export function disassemble(program: readonly Instruction[]): readonly Line[] {
  const known = follow(program);
  return program.map((instruction, at) => {
    const here = known[at] ?? NOTHING;
    return { at, text: mnemonic(instruction, at), comment: comment(instruction, here) };
  });
}

/** What is known before each instruction. All jumps go forward, so one pass sees every way there. */
function follow(program: readonly Instruction[]): readonly (Known | undefined)[] {
  const known: (Known | undefined)[] = program.map(() => undefined);
  known[0] = NOTHING;
  program.forEach((instruction, at) => {
    const here = known[at];
    if (here !== undefined) flow(known, instruction, at, here); // else nothing leads there
  });
  return known;
}

/** Hands what is known on to where the instruction leads; ways that disagree leave nothing known. */
function flow(known: (Known | undefined)[], instruction: Instruction, at: number, here: Known): void {
  const { code, jt, jf, k } = instruction;
  const hand = (target: number, next: Known): void => {
    const other = known[target];
    known[target] =
      other === undefined
        ? next
        : {
            loaded: other.loaded === next.loaded ? next.loaded : undefined,
            architecture: other.architecture === next.architecture ? next.architecture : undefined,
          };
  };
  const kind = Bpf.classOf(code);
  if (kind === Bpf.RET) return;
  if (kind !== Bpf.JMP) {
    const loaded = kind === Bpf.LD ? (Bpf.modeOf(code) === Bpf.ABS ? k : undefined) : here.loaded;
    const keeps = kind === Bpf.ST || kind === Bpf.STX || kind === Bpf.LDX;
    hand(at + 1, { ...here, loaded: kind === Bpf.LD || keeps ? loaded : undefined });
  } else if (Bpf.opOf(code) === Bpf.JA) hand(at + 1 + k, here);
  else {
    const decided = here.loaded === 4 && Bpf.opOf(code) === Bpf.JEQ && !Bpf.isX(code);
    hand(at + 1 + jt, decided ? { ...here, architecture: architectureOf(k) } : here);
    hand(at + 1 + jf, here);
  }
}

function mnemonic({ code, jt, jf, k }: Instruction, at: number): string {
  const hex = `#0x${k.toString(16)}`;
  const operand = Bpf.isX(code) ? 'x' : hex;
  const to = (offset: number): string => String(at + 1 + offset).padStart(4, '0');
  switch (Bpf.classOf(code)) {
    case Bpf.LD:
    case Bpf.LDX: {
      const name = Bpf.classOf(code) === Bpf.LD ? 'ld' : 'ldx';
      const mode = Bpf.modeOf(code);
      if (mode === Bpf.ABS) return `${name} [${k}]`;
      if (mode === Bpf.MEM) return `${name} M[${k}]`;
      if (mode === Bpf.LEN) return `${name} len`;
      return mode === Bpf.IMM ? `${name} ${hex}` : unknown(code, k);
    }
    case Bpf.ST:
      return `st M[${k}]`;
    case Bpf.STX:
      return `stx M[${k}]`;
    case Bpf.ALU: {
      const name = ALU[Bpf.opOf(code) >> 4];
      return name === undefined ? unknown(code, k) : name === 'neg' ? 'neg' : `${name} ${operand}`;
    }
    case Bpf.JMP: {
      if (Bpf.opOf(code) === Bpf.JA) return `ja ${to(k)}`;
      const name = JUMPS[Bpf.opOf(code)];
      return name === undefined ? unknown(code, k) : `${name} ${operand}, ${to(jt)}, ${to(jf)}`;
    }
    case Bpf.RET:
      return (code & 0x18) === 0x10 ? 'ret a' : `ret ${hex}`;
    default:
      return (code & 0xf8) === 0x80 ? 'txa' : 'tax';
  }
}

function unknown(code: number, k: number): string {
  return `.word 0x${code.toString(16).padStart(4, '0')}, 0x${k.toString(16)}`;
}

function comment({ code, k }: Instruction, here: Known): string {
  const kind = Bpf.classOf(code);
  if (kind === Bpf.RET) return (code & 0x18) === 0x10 ? '' : actionName(k);
  if (kind === Bpf.LD && Bpf.modeOf(code) === Bpf.ABS) return fieldName(k);
  if (kind !== Bpf.JMP || Bpf.opOf(code) === Bpf.JA || Bpf.isX(code)) return '';
  if (here.loaded === 4) return architectureOf(k)?.name ?? '';
  if (here.loaded !== 0) return '';
  if (k === X32_BIT) return 'x32';
  const name = here.architecture?.syscalls.get(k);
  return name === undefined ? '' : Bpf.opOf(code) === Bpf.JEQ ? name : `from ${name} on`;
}

/** The architectures that a filter asks for. */
export function architecturesIn(program: readonly Instruction[]): readonly Architecture[] {
  const known = follow(program);
  const asked = new Set(
    program
      .filter(({ code }, at) => {
        const compares = Bpf.classOf(code) === Bpf.JMP && Bpf.opOf(code) === Bpf.JEQ && !Bpf.isX(code);
        return compares && known[at]?.loaded === 4;
      })
      .map(({ k }) => k),
  );
  return ARCHITECTURES.filter(({ audit }) => asked.has(audit));
}
