import { FailedError, UsageError } from '../base/errors.js';
import type { SealedSink } from '../seal/seal-stream.js';
import { streamSink } from '../seal/stream-sink.js';
import { outputError, outputIsFile, ReaderGoneError, writeOut } from './write-out.js';

/**
 * Lets `work` write a sealed file, or a tar, to standard output, and waits until all of it has been taken. Unlike with
 * other results, a reader that goes away is an error here: a part of such a file is of no use to anybody.
 *
 * @throws UsageError when standard output is a terminal; FailedError when it cannot be written
 */
export async function toStandardOutput<T>(
  work: (sink: SealedSink) => Promise<T>,
  what = 'a sealed file',
): Promise<T> {
  refuseTerminal(what);
  try {
    const result = await work(outputIsFile() ? fileOutput : streamSink(process.stdout));
    await writeOut('');
    return result;
  } catch (cause) {
    const error = outputError(cause);
    if (!(error instanceof ReaderGoneError)) throw error;
    throw new FailedError(`${error.message}: ${what} went out in part`, {
      cause,
      remedy: 'what was written up to there is of no use; see what became of whoever was to take it',
    });
  }
}

const fileOutput: SealedSink = async (pieces) => {
  for (const piece of pieces) await writeOut(piece);
};

/** @throws UsageError when standard output is a terminal */
export function refuseTerminal(what = 'a sealed file'): void {
  if (!process.stdout.isTTY) return;
  throw new UsageError(`${what} is not for a terminal`, { remedy: 'redirect it, or name a file' });
}
