import type { TerminalSession } from './session.js';

/** How long a stop may take to come; a process that no shell could continue is not stopped at all. */
const NOT_STOPPED_MS = 100;

/**
 * Job control: Ctrl-Z and SIGTSTP give the terminal back and stop the process, SIGCONT takes the terminal again.
 * In raw mode the terminal sends no signal for Ctrl-Z itself.
 */
export class Suspension {
  readonly #session: TerminalSession;
  readonly #resumed: () => void;
  #away = false;
  #timer: NodeJS.Timeout | undefined;
  readonly #onStop = (): void => this.#stop(process.pid);
  readonly #onContinue = (): void => {
    this.#away = true;
    this.#back();
  };

  /** @param resumed - called when the terminal is there again, and is to be drawn on anew */
  constructor(session: TerminalSession, resumed: () => void) {
    this.#session = session;
    this.#resumed = resumed;
    process.on('SIGTSTP', this.#onStop);
    process.on('SIGCONT', this.#onContinue);
  }

  /** What Ctrl-Z does in other programs: stops all of the job, as the terminal would. */
  suspend(): void {
    this.#stop(0);
  }

  close(): void {
    clearTimeout(this.#timer);
    process.off('SIGTSTP', this.#onStop);
    process.off('SIGCONT', this.#onContinue);
  }

  /** @param whom - a process, or 0 for the whole process group */
  #stop(whom: number): void {
    if (this.#away) return;
    this.#away = true;
    this.#session.leave();
    // without a listener the signal does what it does by default: it stops
    process.off('SIGTSTP', this.#onStop);
    process.kill(whom, 'SIGTSTP');
    this.#timer = setTimeout(() => this.#back(), NOT_STOPPED_MS);
  }

  #back(): void {
    clearTimeout(this.#timer);
    if (!this.#away) return;
    this.#away = false;
    process.off('SIGTSTP', this.#onStop);
    process.on('SIGTSTP', this.#onStop);
    this.#session.resume();
    this.#resumed();
  }
}
