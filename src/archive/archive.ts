import { NotFoundError, UnsafeError } from '../base/errors.js';
import type { JsonObject } from '../base/json.js';
import { sliceSource } from '../bytes/slice.js';
import type { ByteSource } from '../bytes/source.js';
import type { ArchiveEntry } from './entry.js';
import { nestedName } from './nested.js';
import { entrySource } from './sparse-source.js';
import type { TarAccess } from './tar-access.js';
import { padded } from './tar-fields.js';

export type { ArchiveEntry, EntryType } from './entry.js';

/** How an archive is stored. */
export interface StorageFacts {
  /** Size in bytes of the file or resource as it is stored; undefined for standard input. */
  readonly storedSize: number | undefined;
  /** Whether age encrypts it. */
  readonly encrypted: boolean;
  /** What is below the encryption, if any. `zstd-seekable` has a seek table, so any part can be read alone. */
  readonly compression: 'none' | 'gzip' | 'zstd' | 'zstd-seekable';
  /** Size in bytes of the tar itself. */
  readonly tarSize: number;
  /** Whether the tar ends with its end mark; if not, it may have been cut between two entries. */
  readonly endMarked: boolean;
  /** What coldcase recorded when it sealed the file; undefined for files that it did not seal. */
  readonly sealed?: {
    /** Lower-case hex SHA-256 of the tar, as recorded; `verify` checks it. */
    readonly tarSha256: string;
    /** null when the file was sealed without a capture. */
    readonly capture: JsonObject | null;
  };
}

/** What is known of that before anything is decoded. */
export type StoredFacts = Pick<StorageFacts, 'storedSize' | 'encrypted'>;

/** An archive as named entries with random access, however it is stored. */
export interface Archive {
  /** The path, URL or `-` it was opened by. */
  readonly location: string;
  readonly storage: StorageFacts;
  /** For threads that read the tar beside this one; undefined when it cannot be read at any offset, or is no file. */
  readonly access?: TarAccess | undefined;
  /** All entries in the order of the tar; a name may occur more than once. */
  entries(): Promise<readonly ArchiveEntry[]>;
  /** The entry of that name (without leading `./`): the last one, as extracting would leave it. */
  find(name: string): Promise<ArchiveEntry | undefined>;
  /**
   * The entry that holds the contents of a hard link; any other entry itself.
   *
   * @throws NotFoundError when the target is not in the archive
   */
  resolve(entry: ArchiveEntry): ArchiveEntry;
  /**
   * The contents of a file entry, holes of a sparse one as zeros; a hard link's are those of its target. Need not
   * be closed.
   *
   * @throws as `resolve`
   */
  open(entry: ArchiveEntry): ByteSource;
  /** An entry as the tar has it: all its headers, its stored data, and the padding behind it, if that is there. */
  stored(entry: ArchiveEntry): ByteSource;
  close(): Promise<void>;
}

/** An archive from its tar and the index of it. Owns the tar from then on. */
export function makeArchive(
  location: string,
  storage: StorageFacts,
  entries: readonly ArchiveEntry[],
  tar: ByteSource,
): Archive {
  let names: Map<string, ArchiveEntry> | undefined;
  const byName = (name: string): ArchiveEntry | undefined => {
    names ??= new Map(entries.map((entry) => [entry.name, entry]));
    return names.get(name);
  };
  let targets: Map<ArchiveEntry, ArchiveEntry> | undefined;
  const resolve = (entry: ArchiveEntry): ArchiveEntry => {
    if (entry.type !== 'hardlink') return entry;
    targets ??= linkTargets(entries);
    const target = targets.get(entry);
    if (target !== undefined) return target;
    const problem = `${entry.name} is a hard link to ${entry.linkName ?? ''}, which is not in the archive`;
    throw new NotFoundError(problem);
  };
  return {
    location,
    storage,
    entries: async () => entries,
    find: async (name) => byName(name),
    resolve,
    open: (entry) => entrySource(tar, resolve(entry), nestedName(location, entry.name)),
    stored: (entry) => {
      const { name, offset, dataOffset, storedSize } = entry;
      const end = Math.min(tar.size, dataOffset + padded(storedSize));
      return sliceSource(tar, offset, end - offset, nestedName(location, name));
    },
    close: () => tar.close(),
  };
}

/** The holder of the contents of each hard link: of the entries before it that have its target's name, the last. */
function linkTargets(entries: readonly ArchiveEntry[]): Map<ArchiveEntry, ArchiveEntry> {
  const holders = new Map<string, ArchiveEntry>();
  const targets = new Map<ArchiveEntry, ArchiveEntry>();
  for (const entry of entries) {
    const holder = entry.type === 'hardlink' ? holders.get(entry.linkName ?? '') : entry;
    if (holder === undefined) continue;
    if (holder !== entry) targets.set(entry, holder);
    holders.set(entry.name, holder);
  }
  return targets;
}

/**
 * A whole small entry in memory.
 *
 * @param maxBytes - what the caller is ready to hold
 * @throws UnsafeError when the entry is larger
 */
export async function readEntry(
  archive: Archive,
  entry: ArchiveEntry,
  maxBytes: number,
): Promise<Uint8Array> {
  const source = archive.open(entry);
  if (source.size > maxBytes) {
    throw new UnsafeError(
      `${entry.name} has ${source.size} bytes, more than the ${maxBytes} that it may have`,
    );
  }
  return source.read(0, source.size);
}
