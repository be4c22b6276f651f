import { createHash } from 'node:crypto';
import { FormatError } from '../base/errors.js';
import { chainOf, type StoredFilter } from '../checkpoint/seccomp.js';
import { type Instruction, parseInstructions } from '../seccomp/bpf.js';
import { architecturesIn, disassemble, type Line } from '../seccomp/disassemble.js';
import type { Architecture } from '../seccomp/syscalls.js';

/** Instructions of all filters that differ from each other: those of five hundred that container engines make. */
const MAX_INSTRUCTIONS = 250_000;

/** What is known of a filter's bytes, found out once: CRIU writes the filters of a forked process anew. */
export interface FilterProgram {
  readonly instructions: readonly Instruction[];
  readonly architectures: readonly Architecture[];
  readonly lines: () => readonly Line[];
}

/** The programs of a checkpoint's filters, by index. */
export class Programs {
  readonly #filters: readonly StoredFilter[];
  readonly #byIndex: readonly FilterProgram[];
  readonly #keys: readonly string[];
  readonly #chains = new Map<number, { readonly key: string; readonly filters: readonly number[] }>();

  /** @throws FormatError when one is no filter, or they are too many together */
  constructor(filters: readonly StoredFilter[]) {
    this.#filters = filters;
    this.#keys = filters.map(({ bytes }) => createHash('sha256').update(bytes).digest('hex'));
    const known = new Map<string, FilterProgram>();
    let count = 0;
    this.#byIndex = filters.map(({ bytes }, index) => {
      const key = this.#keys[index] ?? '';
      const same = known.get(key);
      if (same !== undefined) return same;
      const program = programOf(bytes, index);
      count += program.instructions.length;
      if (count > MAX_INSTRUCTIONS) {
        throw new FormatError(
          'seccomp.img',
          undefined,
          `filter ${index}: too many instructions with those before`,
          {
            remedy: `the limit is ${MAX_INSTRUCTIONS}, of filters that are not the same`,
          },
        );
      }
      known.set(key, program);
      return program;
    });
  }

  at(index: number): FilterProgram {
    return this.#byIndex[index] ?? { instructions: [], architectures: [], lines: () => [] };
  }

  /**
   * The filters that a thread runs, the last installed first, and a key that is the same where their bytes are.
   *
   * @throws FormatError as `chainOf`
   */
  chain(last: number): { readonly key: string; readonly filters: readonly number[] } {
    const known = this.#chains.get(last);
    if (known !== undefined) return known;
    const filters = chainOf(this.#filters, last);
    const hash = createHash('sha256');
    for (const index of filters) hash.update(this.#keys[index] ?? '');
    const chain = { key: hash.digest('hex'), filters };
    this.#chains.set(last, chain);
    return chain;
  }
}

function programOf(bytes: Uint8Array, index: number): FilterProgram {
  const instructions = parseInstructions(bytes, `seccomp.img, filter ${index}`);
  let lines: readonly Line[] | undefined;
  return {
    instructions,
    architectures: architecturesIn(instructions),
    lines: () => {
      lines ??= disassemble(instructions);
      return lines;
    },
  };
}
