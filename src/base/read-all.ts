import { read, readSync } from 'node:fs';
import { promisify } from 'node:util';
import { FormatError } from './errors.js';
import { readError } from './file-errors.js';

const readAsync = promisify(read);

/**
 * Fills memory with what a file has from an offset on: a read(2) that gives less than it is asked for is gone on with,
 * until all is there, or there is an error.
 *
 * @param name - the file's, as errors call it
 * @throws FileError with the offset at which the disk or what it is behind failed; FormatError when the file has ended
 */
export function readAllSync(fd: number, into: Uint8Array, offset: number, name: string): void {
  for (let done = 0; done < into.length; ) {
    const at = offset + done;
    let got = 0;
    try {
      got = readSync(fd, into, done, into.length - done, at);
    } catch (cause) {
      throw readError(cause, name, at);
    }
    done += requireSome(got, name, at);
  }
}

/** As `readAllSync`, on a thread of libuv's. */
export async function readAll(fd: number, into: Uint8Array, offset: number, name: string): Promise<void> {
  for (let done = 0; done < into.length; ) {
    const at = offset + done;
    const { bytesRead } = await readAsync(fd, into, done, into.length - done, at).catch((cause: unknown) => {
      throw readError(cause, name, at);
    });
    done += requireSome(bytesRead, name, at);
  }
}

function requireSome(count: number, name: string, offset: number): number {
  if (count > 0) return count;
  throw new FormatError(name, offset, 'the file became shorter while it was read');
}

/** A stream whose errors of the operating system say what was read, and how far that came. */
export async function* readThrough(
  stream: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<Uint8Array> {
  let offset = 0;
  try {
    for await (const chunk of stream) {
      offset += chunk.length;
      yield chunk;
    }
  } catch (cause) {
    throw readError(cause, name, offset);
  }
}
