import { FormatError } from '../base/errors.js';
import { sliceSource } from '../bytes/slice.js';
import type { ByteSource } from '../bytes/source.js';
import { chunksOf } from '../bytes/streamed.js';
import type { Archive, ArchiveEntry } from './archive.js';
import { BLOCK, numberField } from './tar-fields.js';

/**
 * A tar of some entries of an archive, piece by piece: their headers and stored data byte for byte as they are, so
 * that nothing is lost that only the headers know (extended attributes, sparse maps, names that are no UTF-8). Global
 * pax headers of entries that are left out stay, as they are about those behind them too.
 *
 * @throws as reading the archive does
 */
export async function* copyEntries(
  archive: Archive,
  chosen: ReadonlySet<ArchiveEntry>,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for (const entry of await archive.entries()) {
    signal?.throwIfAborted();
    const stored = archive.stored(entry);
    if (!chosen.has(entry)) {
      yield* globalHeaders(stored, entry);
      continue;
    }
    for await (const chunk of chunksOf(stored, 0, signal)) yield chunk;
    // a tar that is cut behind the data of its last entry lacks the padding
    if (stored.size % BLOCK > 0) yield new Uint8Array(BLOCK - (stored.size % BLOCK));
  }
  yield new Uint8Array(2 * BLOCK);
}

/** The global pax headers before an entry's own header, which most often there are none of. */
async function* globalHeaders(stored: ByteSource, entry: ArchiveEntry): AsyncGenerator<Uint8Array> {
  const end = entry.dataOffset - entry.offset;
  for (let at = 0; at + BLOCK < end; ) {
    const header = await stored.read(at, BLOCK);
    const flag = String.fromCharCode(header[156] ?? 0);
    if (!'LKNxXg'.includes(flag)) return;
    const size = numberField(header, 124, 12, {
      where: stored.name,
      offset: entry.offset + at,
      field: 'size',
    });
    const length = BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    if (size < 0 || at + length > end) {
      throw new FormatError(stored.name, entry.offset + at, 'an extended header runs over its entry');
    }
    if (flag === 'g') yield* chunksOf(sliceSource(stored, at, length, stored.name), 0);
    at += length;
  }
}
