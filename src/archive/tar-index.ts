import { FormatError } from '../base/errors.js';
import type { ByteSource } from '../bytes/source.js';
import type { ArchiveEntry } from './entry.js';
import { walkTar } from './tar-walk.js';

/** Headers of small entries lie close together: one read serves many. */
const WINDOW = 32 * 1024;

/** What is in a tar. */
export interface TarIndex {
  readonly entries: readonly ArchiveEntry[];
  /** Whether the tar's end is marked as it should be; if not, it may have been cut between two entries. */
  readonly marked: boolean;
}

/**
 * Lists a tar by hopping from header to header; the data between is not read, but for what shares a window of
 * 32 KiB with a header.
 *
 * @throws FormatError with the offset at which the tar makes no sense, or at which its bytes end too early
 */
export async function indexTar(source: ByteSource, signal?: AbortSignal): Promise<TarIndex> {
  const entries: ArchiveEntry[] = [];
  const read = windowed(source);
  const walk = walkTar(source.name);
  let step = walk.next();
  while (!step.done) {
    if (step.value.kind === 'read') {
      signal?.throwIfAborted();
      step = walk.next(await read(step.value.offset, step.value.length));
      continue;
    }
    if (step.value.kind === 'entry') entries.push(requireData(step.value.entry, source));
    step = walk.next(new Uint8Array(0));
  }
  return { entries, marked: step.value.marked };
}

/**
 * Checks that an entry's data lies within its tar.
 *
 * @throws FormatError when the tar ends before
 */
export function requireData(entry: ArchiveEntry, tar: { name: string; size: number }): ArchiveEntry {
  if (entry.dataOffset + entry.storedSize <= tar.size) return entry;
  throw new FormatError(tar.name, tar.size, `cut short in the data of ${entry.name}`);
}

/** Reads through a window; answers are cut where the source ends. */
function windowed(source: ByteSource): (offset: number, length: number) => Promise<Uint8Array> {
  let window: Uint8Array = new Uint8Array(0);
  let start = 0;
  return async (offset, length) => {
    const end = Math.min(offset + length, source.size);
    if (end <= offset) return new Uint8Array(0);
    if (offset < start || end > start + window.length) {
      window = await source.read(offset, Math.min(Math.max(WINDOW, end - offset), source.size - offset));
      start = offset;
    }
    return window.subarray(offset - start, end - start);
  };
}
