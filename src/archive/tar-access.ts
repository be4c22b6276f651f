import { openFile } from '../bytes/file.js';
import { SNIFF_LENGTH, sniff } from '../bytes/sniff.js';
import type { ByteSource } from '../bytes/source.js';

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
export async function openTar(access: TarAccess): Promise<ByteSource> {
  let source = openFile(access.path);
  try {
    if (access.fileKey !== undefined) {
      const { openAgeWithKey } = await import('../bytes/age-unlock.js');
      source = await openAgeWithKey(source, access.fileKey);
    }
    if (sniff(await source.read(0, Math.min(SNIFF_LENGTH, source.size))) !== 'zstd') return source;
    const { openSeekableZstd } = await import('../bytes/seekable-zstd.js');
    return (await openSeekableZstd(source, true)) ?? source;
  } catch (error) {
    await source.close();
    throw error;
  }
}
