import { Socket } from 'node:net';
import { readThrough } from '../base/read-all.js';
import { interrupted } from './interrupt.js';

/** Standard input as a stream that an interrupt ends, also while nothing comes. */
export function standardInput(): AsyncIterable<Uint8Array> {
  return interruptible(process.stdin, 'standard input');
}

/**
 * A FIFO as a stream that an interrupt ends, also while nobody has opened it to write.
 *
 * @param fd - opened without blocking; closed with the stream
 * @param name - as errors call it
 */
export function fifoInput(fd: number, name: string): AsyncIterable<Uint8Array> {
  return interruptible(new Socket({ fd, readable: true, writable: false }), name);
}

interface Destroyable extends AsyncIterable<Uint8Array> {
  destroy(error?: Error): unknown;
}

function interruptible(stream: Destroyable, name: string): AsyncIterable<Uint8Array> {
  const stop = (): void => {
    stream.destroy(interrupted.reason instanceof Error ? interrupted.reason : undefined);
  };
  if (interrupted.aborted) stop();
  else interrupted.addEventListener('abort', stop, { once: true });
  return readThrough(stream, name);
}
