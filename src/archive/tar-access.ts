import { IntegrityError } from '../base/errors.js';
import { openFile } from '../bytes/file.js';
import type { ByteSource } from '../bytes/source.js';
import { unwrapSource } from '../bytes/unwrap.js';

/**
 * What another thread of this process needs to read the tar of an archive for itself: plain data. It may hold the
 * key of a sealed archive, so it goes to a worker as such and nowhere else.
 */
export interface TarAccess {
  readonly path: string;
  /** The age file key; undefined when the archive is not encrypted. */
  readonly fileKey: Uint8Array | undefined;
}

/** Opens the tar of an archive that is open in another thread. What a read gives is good until the next read only. */
export async function openTar({ path, fileKey }: TarAccess): Promise<ByteSource> {
  const stored = openFile(path);
  const unlock =
    fileKey === undefined
      ? () => Promise.reject(new IntegrityError(`${path} is another file than the one that was opened`))
      : { fileKey };
  try {
    const { compression, source } = await unwrapSource(stored, unlock);
    if (compression !== 'zstd') return source;
    const { openSeekableZstd } = await import('../bytes/seekable-zstd.js');
    return (await openSeekableZstd(source, true)) ?? source;
  } catch (error) {
    await stored.close();
    throw error;
  }
}
