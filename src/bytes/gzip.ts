import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { FormatError } from '../base/errors.js';

/**
 * Decodes gzip, all members of it.
 *
 * @throws FormatError when it is damaged or cut short
 */
export async function* decodeGzip(
  input: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: 256 * 1024 });
  const feed = Readable.from(input, { objectMode: false, highWaterMark: 256 * 1024 });
  feed.once('error', (error) => gunzip.destroy(error));
  feed.pipe(gunzip);
  try {
    for await (const chunk of gunzip) {
      if (chunk instanceof Uint8Array) yield chunk;
    }
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    if (!code.startsWith('Z_')) throw cause;
    throw new FormatError(name, gunzip.bytesWritten, `damaged gzip data (${code})`, {
      cause,
      remedy: 'compare its hash with the original, copy again',
    });
  } finally {
    feed.destroy();
    gunzip.destroy();
  }
}
