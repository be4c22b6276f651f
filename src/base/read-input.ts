import { close, constants, fstatSync, openSync, read, type Stats } from 'node:fs';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { FailedError } from './errors.js';
import { shownUrl } from './shown-url.js';
import { fsPath } from './text.js';

const readAsync = promisify(read);
const closeAsync = promisify(close);
const STANDARD_INPUT = 0;

export interface ReadInputOptions {
  /** Most that is read, in bytes. */
  readonly limit: number;
  /** Ends the waiting for whoever has not written yet, with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface ReadInput {
  readonly bytes: Buffer;
  /** Of the file that was read: its type and mode. */
  readonly stat: Stats;
}

/**
 * All that a small file, a pipe or a device holds, as age reads the files that are named to it: of a FIFO until its
 * writers have closed it, so that `<(command)` of a shell can be given. Waiting for a writer can be interrupted,
 * which a plain open(2) could not be: it would block a thread that the process cannot end without.
 *
 * @param path - `-` is standard input
 * @throws FailedError when there is more than the limit; the operating system's error when it cannot be opened or
 *   read (a directory is EISDIR); the signal's reason
 */
export async function readInput(path: string, options: ReadInputOptions): Promise<ReadInput> {
  options.signal?.throwIfAborted();
  if (path === '-') {
    return { bytes: await drain(process.stdin, path, options), stat: fstatSync(STANDARD_INPUT) };
  }
  const fd = openSync(fsPath(path), constants.O_RDONLY | constants.O_NONBLOCK);
  const stat = fstatSync(fd);
  if (stat.isFIFO()) {
    const { Socket } = await import('node:net');
    const pipe = new Socket({ fd, readable: true, writable: false }); // closes it
    return { bytes: await drain(pipe, path, options), stat };
  }
  const { isatty, ReadStream } = await import('node:tty');
  if (isatty(fd)) return { bytes: await drain(new ReadStream(fd), path, options), stat };
  try {
    return { bytes: await readWhole(fd, path, options.limit), stat };
  } finally {
    await closeAsync(fd);
  }
}

async function drain(stream: Readable, path: string, { limit, signal }: ReadInputOptions): Promise<Buffer> {
  const stop = (): void => void stream.destroy();
  signal?.addEventListener('abort', stop);
  try {
    const parts: Uint8Array[] = [];
    let size = 0;
    for await (const part of stream) {
      if (!(part instanceof Uint8Array)) throw new FailedError(`${shownUrl(path)} gives no bytes`);
      size += part.length;
      if (size > limit) throw tooLarge(path, limit);
      parts.push(part);
    }
    return Buffer.concat(parts);
  } catch (error) {
    signal?.throwIfAborted(); // which is why it ended early
    throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

/** Of a regular file, or a device that may have no end. */
async function readWhole(fd: number, path: string, limit: number): Promise<Buffer> {
  const bytes = Buffer.alloc(Math.min(limit, fstatSync(fd).size || limit) + 1);
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await readAsync(fd, bytes, filled, bytes.length - filled, null);
    if (bytesRead === 0) return bytes.subarray(0, filled);
    filled += bytesRead;
  }
  throw tooLarge(path, limit);
}

function tooLarge(path: string, limit: number): FailedError {
  return new FailedError(`${shownUrl(path)} is too large: no more than ${limit} bytes of it would be read`, {
    remedy: 'is it the file that is meant?',
  });
}
