import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { UsageError } from '../base/errors.js';
import { fileError } from '../base/files.js';
import type { SealedSink } from '../seal/seal-stream.js';
import { streamSink } from '../seal/sinks.js';

/**
 * Lets `work` write a sealed file to standard output, and waits until all of it has been taken. Unlike with
 * process.stdout, a reader that goes away is an error here: a part of a sealed file is of no use to anybody.
 *
 * @throws UsageError when standard output is a terminal; FailedError when it cannot be written
 */
export async function toStandardOutput<T>(work: (sink: SealedSink) => Promise<T>): Promise<T> {
  if (process.stdout.isTTY) {
    throw new UsageError('a sealed file is not for a terminal', { remedy: 'redirect it, or use -o FILE' });
  }
  const stream = createWriteStream('', { fd: 1, autoClose: false });
  const taken = finished(stream);
  taken.catch(() => {}); // waited for below, unless the work fails first: of the same cause
  try {
    const result = await work(streamSink(stream));
    stream.end();
    await taken;
    return result;
  } catch (cause) {
    throw fileError(cause, 'standard output', 'write to');
  }
}
