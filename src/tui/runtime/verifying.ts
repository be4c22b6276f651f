import { ColdcaseError } from '../../base/errors.js';
import type { Verification, Verifier } from '../core/verification.js';

/** Called with each new state of the verification. */
type Changed = (verification: Verification) => void;

/** The verification of the archive that is open: beside all other work, one run at a time. */
export class Verifying {
  readonly #verifier: Verifier;
  readonly #now: () => string;
  #state: Verification;
  #run: AbortController | undefined;

  /** @param now - the time, ISO 8601 UTC */
  constructor(verifier: Verifier, now: () => string) {
    this.#verifier = verifier;
    this.#now = now;
    this.#state = { can: verifier.can, why: verifier.why, size: verifier.size };
  }

  get state(): Verification {
    return this.#state;
  }

  /** Looks at what lies beside the archive: a few kilobytes. */
  async look(changed: Changed): Promise<void> {
    let opening: Verification['opening'];
    try {
      opening = await this.#verifier.atOpening();
    } catch (error) {
      opening = [{ check: 'manifest', verdict: 'not checked', detail: errorText(error) }];
    }
    this.#put({ opening }, changed);
  }

  /** Checks everything; nothing if that goes on already. */
  start(changed: Changed): void {
    if (this.#run !== undefined || this.#verifier.can === 'none') return;
    const run = new AbortController();
    this.#run = run;
    const begin = performance.now();
    let phase = { name: '', at: begin, done: 0 };
    const progress = (name: string, done: number, total: number): void => {
      if (run.signal.aborted) return;
      const now = performance.now();
      if (name !== phase.name) phase = { name, at: now, done };
      const rate = (done - phase.done) / (now - phase.at);
      this.#put({ running: { phase: name, done, total, rate } }, changed);
    };
    this.#put(
      {
        running: { phase: 'verifying', done: 0, total: this.#state.size, rate: Number.NaN },
        problem: undefined,
      },
      changed,
    );
    this.#verifier.all({ signal: run.signal, progress }).then(
      (verified) => {
        if (run.signal.aborted) return;
        this.#run = undefined;
        const result = { ...verified, time: this.#now(), milliseconds: performance.now() - begin };
        this.#put({ running: undefined, result }, changed);
      },
      (error: unknown) => {
        if (run.signal.aborted) return;
        this.#run = undefined;
        this.#put({ running: undefined, problem: errorText(error) }, changed);
      },
    );
  }

  /** Ends a run; what an earlier one found stays. */
  stop(changed: Changed): void {
    if (this.#run === undefined) return;
    this.#run.abort();
    this.#run = undefined;
    this.#put({ running: undefined, problem: 'stopped' }, changed);
  }

  #put(change: Partial<Verification>, changed: Changed): void {
    this.#state = { ...this.#state, ...change };
    changed(this.#state);
  }
}

function errorText(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const remedy = error instanceof ColdcaseError ? error.remedy : undefined;
  return remedy === undefined ? message : `${message}; ${remedy}`;
}
