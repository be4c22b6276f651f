import { chunksOf } from '../bytes/chunks.js';
import { sliceSource } from '../bytes/slice.js';
import type { ByteSource } from '../bytes/source.js';
import type { Archive, ArchiveEntry } from './archive.js';
import { TAR_BLOCK } from './tar-fields.js';
import { walkTar } from './tar-walk.js';

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
    if (stored.size % TAR_BLOCK > 0) yield new Uint8Array(TAR_BLOCK - (stored.size % TAR_BLOCK));
  }
  yield new Uint8Array(2 * TAR_BLOCK);
}

/** The global pax headers before an entry's own header, which most often there are none of. */
async function* globalHeaders(stored: ByteSource, { offset }: ArchiveEntry): AsyncGenerator<Uint8Array> {
  const piece = (from: number, length: number): ByteSource => {
    const at = Math.min(from - offset, stored.size);
    return sliceSource(stored, at, Math.min(length, stored.size - at), stored.name);
  };
  const walk = walkTar(stored.name, offset);
  for (let step = walk.next(); !step.done && step.value.kind !== 'entry'; ) {
    if (step.value.kind === 'read') {
      const wanted = piece(step.value.offset, step.value.length);
      step = walk.next(await wanted.read(0, wanted.size));
      continue;
    }
    if (step.value.flag === 'g') yield* chunksOf(piece(step.value.offset, step.value.length), 0);
    step = walk.next(new Uint8Array(0));
  }
}
