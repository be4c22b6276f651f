import { escapeText } from '../render/escape.js';
import { progressLine } from '../render/progress-line.js';

const INTERVAL_MS = 100;

/** Shows how far long work is, on one line that it keeps rewriting. */
export interface Progress {
  /**
   * @param phase - what is being done, such as `sealing`; a change begins a new measurement of the rate
   * @param done - bytes so far
   * @param total - bytes in all, where that is known: then the time left is shown
   */
  report(phase: string, done: number, total?: number): void;
  /** Shows a line as it is, for work that cannot be measured. Untrusted text. */
  say(text: string): void;
  /** Removes the line. To be called before anything else is printed on the terminal, and at the end. */
  clear(): void;
}

/** Progress on standard error if that is a terminal, and nowhere otherwise or with `quiet`. */
export function createProgress(options: { readonly quiet?: boolean | undefined } = {}): Progress {
  const silent = options.quiet === true || process.stderr.isTTY !== true;
  return silent ? { report: () => {}, say: () => {}, clear: () => {} } : new TerminalProgress(process.stderr);
}

interface Out {
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

export class TerminalProgress implements Progress {
  readonly #out: Out;
  readonly #now: () => number;
  #phase = '';
  #startedAt = 0;
  #startedWith = 0;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #drawn = false;

  constructor(out: Out, now: () => number = () => performance.now()) {
    this.#out = out;
    this.#now = now;
  }

  report(phase: string, done: number, total?: number): void {
    const now = this.#now();
    if (phase !== this.#phase) {
      this.#phase = phase;
      this.#startedAt = now;
      this.#startedWith = done;
    } else if (now - this.#drawnAt < INTERVAL_MS) {
      return;
    }
    this.#drawnAt = now;
    this.#draw(progressLine(phase, done, total, (done - this.#startedWith) / (now - this.#startedAt)));
  }

  say(text: string): void {
    this.#phase = '';
    this.#draw(escapeText(text));
  }

  clear(): void {
    if (this.#drawn) this.#out.write('\r\x1b[K');
    this.#drawn = false;
    this.#drawnAt = Number.NEGATIVE_INFINITY;
  }

  #draw(line: string): void {
    this.#drawn = true;
    const width = Math.max(20, this.#out.columns ?? 80) - 1;
    this.#out.write(`\r\x1b[K${line.slice(0, width)}`);
  }
}
