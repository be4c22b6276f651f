import { fstatSync, writeSync } from 'node:fs';
import { ColdcaseError, ExitCode } from '../base/errors.js';
import { errorCode, fileError, stuckError } from '../base/file-errors.js';

const STANDARD_OUTPUT = 1;
const NAME = 'standard output';

/**
 * Whoever read standard output has seen enough: `coldcase ls ... | head`. What is thrown at the next write, so that
 * a command cleans up behind itself as after any other error; it is told to nobody, and ends with exit code 0.
 */
export class ReaderGoneError extends ColdcaseError {
  override readonly exitCode = ExitCode.done;
}

/**
 * Writes text or bytes to standard output and waits until all of it has been taken.
 *
 * @throws ReaderGoneError; FileError when it cannot be written, such as for lack of space
 */
export async function writeOut(data: string | Uint8Array): Promise<void> {
  try {
    if (outputIsFile()) writeAll(typeof data === 'string' ? Buffer.from(data) : data);
    else await writeToStream(data);
  } catch (cause) {
    throw outputError(cause);
  }
}

/** What an error of standard output means to a user. */
export function outputError(cause: unknown): unknown {
  if (errorCode(cause) !== 'EPIPE') return fileError(cause, NAME, 'write to');
  return new ReaderGoneError('nobody reads standard output any more', { cause });
}

/** Node writes to a file once, and takes what a full disk did not take for written: here a write is continued. */
function writeAll(bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) {
    const count = writeSync(STANDARD_OUTPUT, bytes, done, bytes.length - done);
    if (count <= 0) throw stuckError(NAME, { done });
    done += count;
  }
}

function writeToStream(data: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(data, (error) => (error ? reject(error) : resolve()));
  });
}

let file: boolean | undefined;

/** Whether standard output is a file, or a device such as /dev/full: no terminal, pipe or socket. */
export function outputIsFile(): boolean {
  if (file === undefined) {
    const stat = fstatSync(STANDARD_OUTPUT);
    file = stat.isFile() || (stat.isCharacterDevice() && !process.stdout.isTTY);
  }
  return file;
}
