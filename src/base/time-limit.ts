import { createContext, Script } from 'node:vm';
import { FailedError } from './errors.js';

/**
 * Milliseconds that an expression of the user may take for {@link EXPRESSION_TEXT}: a hundred times what it needs, but
 * for those that try every way in which a text could match. No signal is heard for so long at most.
 */
export const EXPRESSION_TIME = 2000;
/** Characters, or bytes, that an expression is given at a time; a text is never divided. */
export const EXPRESSION_TEXT = 1 << 20;

/** Ends a function that runs too long, even within a regular expression that backtracks for ever. */
export class TimeLimit {
  readonly #context: { run: () => void } = contextWithRun();
  readonly #script = new Script('run()');
  readonly #milliseconds: number;

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
  }

  /**
   * Whether the function came to its end, in time and without what it matches being too long to be matched: V8 keeps
   * 64 MiB of the ways that are left to be tried. Its other errors pass.
   */
  run(work: () => void): boolean {
    this.#context.run = work;
    try {
      this.#script.runInContext(this.#context, { timeout: this.#milliseconds });
      return true;
    } catch (error) {
      if (error instanceof RangeError) return false;
      // made in the other context, so no instance of this one's Error
      const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
      if (code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return false;
      throw error;
    }
  }
}

/** That an expression was given up. */
export function tooSlow(expression: string): FailedError {
  return new FailedError(
    `the expression ${expression} takes longer than ${EXPRESSION_TIME / 1000} s, or more ways to match than can be kept`,
    { remedy: 'write it without repetition within repetition, such as (a+)+' },
  );
}

function contextWithRun(): { run: () => void } {
  const context = { run: () => {} };
  createContext(context);
  return context;
}
