import { FailedError, FormatError } from '../base/errors.js';
import type { ByteSource } from '../bytes/source.js';
import { decompress, unwrapStream } from '../bytes/unwrap.js';
import { type Archive, makeArchive, type StorageFacts } from './archive.js';
import { KeptData } from './kept-data.js';
import { askKeys, type OpenOptions } from './open-source.js';
import type { TarIndex } from './tar-index.js';
import { passTar, type VisitEntry } from './tar-pass.js';

/**
 * Opens a stream as an archive, by reading it through once. Then only what fits in bounded memory can be opened
 * afterwards.
 *
 * @throws as `openArchive`
 */
export async function openStream(
  stream: AsyncIterable<Uint8Array>,
  name: string,
  options: OpenOptions,
): Promise<Archive> {
  const kept = new KeptData();
  const { storage, entries } = await passStream(stream, name, options, (entry) => kept.visit(entry));
  const gone: ByteSource = {
    name,
    size: storage.tarSize,
    read: async () => {
      throw new FailedError(`${name} has passed, and holds more than is kept in memory`, {
        remedy: 'save the archive to a file, and name that',
      });
    },
    close: async () => {},
  };
  return makeArchive('-', storage, entries, kept.over(gone));
}

/** Reads an archive that comes as a stream through, and hands on the data of chosen entries while it passes. */
export async function passStream(
  stream: AsyncIterable<Uint8Array>,
  name: string,
  options: OpenOptions,
  visit: VisitEntry,
): Promise<Pick<TarIndex, 'entries'> & { readonly storage: StorageFacts }> {
  const { encrypted, compression, chunks } = await unwrapStream(stream, name, askKeys(options));
  const { entries, marked, size } = await passTar(decompress(compression, chunks, name), name, visit);
  if (size === 0) throw new FormatError(name, undefined, 'empty: not an archive');
  return {
    entries,
    storage: { storedSize: undefined, encrypted, compression, tarSize: size, endMarked: marked },
  };
}
