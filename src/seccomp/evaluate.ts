import { strictest } from './actions.js';
import { Bpf, type Instruction } from './bpf.js';
import { type Architecture, X32_BIT } from './syscalls.js';

/** A register or memory word: a number, or unknown because it comes from an argument of the call. */
type Word = number | undefined;

/** Steps that one call may take through one filter; a hostile filter that needs more is called undecided. */
const MAX_STEPS = 50_000;

/** Steps that a whole question may take, shared by all its calls. */
export interface Budget {
  steps: number;
}

/** Enough for hundreds of ordinary filters, and spent within seconds. */
export function newBudget(): Budget {
  return { steps: 5_000_000 };
}

const MEMORY = 16;

/** Every verdict that a filter may give for a call, over all arguments; undefined when there are too many ways. */
export type Verdicts = ReadonlySet<number> | undefined;

interface State {
  readonly at: number;
  readonly a: Word;
  readonly x: Word;
  readonly memory: readonly Word[];
}

/**
 * Runs a filter on a call of which only architecture and number are known: where an argument decides, both ways are
 * taken. All jumps go forward, states
 * are not visited twice where ways have parted, and steps are counted, so it always ends.
 */
export function evaluate(
  program: readonly Instruction[],
  audit: number,
  nr: number,
  budget: Budget = newBudget(),
): Verdicts {
  const verdicts = new Set<number>();
  const seen = new Set<string>();
  const pending: State[] = [{ at: 0, a: 0, x: 0, memory: new Array<Word>(MEMORY).fill(0) }];
  for (let steps = 0; ; steps += 1) {
    const state = pending.pop();
    if (state === undefined) return verdicts;
    budget.steps -= 1;
    if (steps > MAX_STEPS || budget.steps < 0) return undefined;
    if (pending.length > 0) {
      const key = `${state.at}|${state.a}|${state.x}|${state.memory.join()}`;
      if (seen.has(key)) continue;
      seen.add(key);
    }
    const instruction = program[state.at];
    if (instruction === undefined) return undefined;
    if (Bpf.classOf(instruction.code) === Bpf.RET) {
      const value = (instruction.code & 0x18) === 0x10 ? state.a : instruction.k;
      if (value === undefined) return undefined;
      verdicts.add(value >>> 0);
    } else pending.push(...step(instruction, state, audit, nr));
  }
}

function step(instruction: Instruction, state: State, audit: number, nr: number): readonly State[] {
  const { code, jt, jf, k } = instruction;
  const next = { ...state, at: state.at + 1 };
  switch (Bpf.classOf(code)) {
    case Bpf.LD:
      return [{ ...next, a: load(code, k, state, audit, nr) }];
    case Bpf.LDX:
      return [{ ...next, x: load(code, k, state, audit, nr) }];
    case Bpf.ST:
      return [{ ...next, memory: state.memory.with(k % MEMORY, state.a) }];
    case Bpf.STX:
      return [{ ...next, memory: state.memory.with(k % MEMORY, state.x) }];
    case Bpf.ALU:
      return [{ ...next, a: compute(Bpf.opOf(code), state.a, Bpf.isX(code) ? state.x : k) }];
    case Bpf.MISC:
      return [(code & 0xf8) === 0x80 ? { ...next, a: state.x } : { ...next, x: state.a }];
    default: {
      if (Bpf.opOf(code) === Bpf.JA) return [{ ...state, at: state.at + 1 + k }];
      const yes = { ...state, at: state.at + 1 + jt };
      const no = { ...state, at: state.at + 1 + jf };
      const holds = compare(Bpf.opOf(code), state.a, Bpf.isX(code) ? state.x : k);
      return holds === undefined ? [yes, no] : [holds ? yes : no];
    }
  }
}

/** Loads from `struct seccomp_data`: number, architecture, and what is not known: instruction pointer, arguments. */
function load(code: number, k: number, state: State, audit: number, nr: number): Word {
  const mode = Bpf.modeOf(code);
  if (mode === Bpf.IMM) return k;
  if (mode === Bpf.MEM) return state.memory[k % MEMORY];
  if (mode === Bpf.LEN) return 64; // sizeof(struct seccomp_data)
  if (k === 0) return nr >>> 0;
  return k === 4 ? audit >>> 0 : undefined;
}

function compute(op: number, a: Word, operand: Word): Word {
  if (op === 0x80) return a === undefined ? undefined : -a >>> 0;
  if (op === 0x50 && (a === 0 || operand === 0)) return 0; // and with nothing
  if (a === undefined || operand === undefined) return undefined;
  switch (op) {
    case 0x00:
      return (a + operand) >>> 0;
    case 0x10:
      return (a - operand) >>> 0;
    case 0x20:
      return Math.imul(a, operand) >>> 0;
    case 0x30:
      return operand === 0 ? undefined : Math.floor(a / operand) >>> 0;
    case 0x40:
      return (a | operand) >>> 0;
    case 0x50:
      return (a & operand) >>> 0;
    case 0x60:
      return operand > 31 ? 0 : (a << operand) >>> 0;
    case 0x70:
      return operand > 31 ? 0 : a >>> operand;
    case 0x90:
      return operand === 0 ? undefined : a % operand;
    case 0xa0:
      return (a ^ operand) >>> 0;
    default:
      return undefined;
  }
}

function compare(op: number, a: Word, operand: Word): boolean | undefined {
  if (a === undefined || operand === undefined) return undefined;
  if (op === Bpf.JEQ) return a === operand;
  if (op === Bpf.JGT) return a > operand;
  if (op === Bpf.JGE) return a >= operand;
  return (a & operand) !== 0;
}

/** What a chain of filters does with a call: one verdict, or several that the arguments decide between. */
export function evaluateChain(
  programs: readonly (readonly Instruction[])[],
  audit: number,
  nr: number,
  budget: Budget = newBudget(),
): Verdicts {
  let together: ReadonlySet<number> = new Set([0x7fff0000]);
  for (const program of programs) {
    const verdicts = evaluate(program, audit, nr, budget);
    if (verdicts === undefined) return undefined;
    budget.steps -= together.size * verdicts.size;
    if (budget.steps < 0) return undefined;
    const merged = new Set<number>();
    for (const one of together) for (const other of verdicts) merged.add(strictest([one, other]));
    together = merged;
  }
  return together;
}

/** One line of the table of syscalls by action. */
export interface ActionRow {
  readonly arch: string;
  /** The verdicts as SECCOMP_RET values; several when arguments decide; none when it is undecided. */
  readonly verdicts: readonly number[];
  readonly syscalls: readonly string[];
}

/** A number that no syscall has, to ask what happens to those that a filter does not name. */
const UNNAMED = 0x3fff_fff0;

/**
 * Asks a chain of filters about every syscall of an architecture. `other syscalls` stands for the numbers that have
 * no name yet; on x86-64 `x32 calls` for those of that ABI.
 */
export function actionTable(
  programs: readonly (readonly Instruction[])[],
  { audit, name, syscalls }: Architecture,
  budget: Budget = newBudget(),
): readonly ActionRow[] {
  const rows = new Map<string, { verdicts: readonly number[]; syscalls: string[] }>();
  const add = (label: string, nr: number): void => {
    const verdicts = [...(evaluateChain(programs, audit, nr, budget) ?? [])].sort((a, b) => a - b);
    const key = verdicts.join();
    const row = rows.get(key) ?? { verdicts, syscalls: [] };
    row.syscalls.push(label);
    rows.set(key, row);
  };
  for (const [nr, label] of [...syscalls].sort(([, a], [, b]) => (a < b ? -1 : 1))) add(label, nr);
  add(syscalls.size === 0 ? 'syscalls (no names known)' : 'other syscalls', UNNAMED);
  if (name === 'x86-64') add('x32 calls', X32_BIT | 0x1ff_fff0);
  return [...rows.values()].map((row) => ({ arch: name, ...row }));
}
