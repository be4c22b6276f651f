import { UsageError } from '../base/errors.js';
import { fileError } from '../base/files.js';
import type { SealedSink } from '../seal/seal-stream.js';
import { streamSink } from '../seal/stream-sink.js';
import { writeOut } from './output.js';

/**
 * Lets `work` write a sealed file, or a tar, to standard output, and waits until all of it has been taken. Unlike with
 * process.stdout, a reader that goes away is an error here: a part of such a file is of no use to anybody.
 *
 * @throws UsageError when standard output is a terminal; FailedError when it cannot be written
 */
export async function toStandardOutput<T>(
  work: (sink: SealedSink) => Promise<T>,
  what = 'a sealed file',
): Promise<T> {
  refuseTerminal(what);
  const stream = process.stdout;
  // For every other command, a reader that has seen enough ends it quietly (main.ts).
  stream.removeAllListeners('error');
  stream.on('error', () => {}); // the sink and the last write below hear of it
  try {
    const result = await work(streamSink(stream));
    await writeOut('');
    return result;
  } catch (cause) {
    throw fileError(cause, 'standard output', 'write to');
  }
}

/** @throws UsageError when standard output is a terminal */
export function refuseTerminal(what = 'a sealed file'): void {
  if (!process.stdout.isTTY) return;
  throw new UsageError(`${what} is not for a terminal`, { remedy: 'redirect it, or name a file' });
}
