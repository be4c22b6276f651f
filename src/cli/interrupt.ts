import { InterruptedError } from '../base/errors.js';

const controller = new AbortController();

/** Aborted with an InterruptedError at the first SIGINT, SIGTERM or SIGHUP; long work listens to it. */
export const interrupted: AbortSignal = controller.signal;

/** The first signal asks the running command to stop and clean up; a second one ends the process at once. */
export function listenForInterrupts(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort(new InterruptedError(`stopped by ${signal}`));
    });
  }
}
