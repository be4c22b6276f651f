import { interrupted } from './interrupt.js';

/** Standard input as a stream that an interrupt ends, also while nothing comes. */
export function standardInput(): AsyncIterable<Uint8Array> {
  const stop = (): void => {
    process.stdin.destroy(interrupted.reason instanceof Error ? interrupted.reason : undefined);
  };
  interrupted.addEventListener('abort', stop, { once: true });
  return process.stdin;
}
