export const ENTRY_TYPES = [
  'file',
  'directory',
  'symlink',
  'hardlink',
  'character-device',
  'block-device',
  'fifo',
  'other',
] as const;

/** What an entry is. `other` has a type flag that neither POSIX nor GNU tar knows; its data is kept. */
export type EntryType = (typeof ENTRY_TYPES)[number];

/** A run of data in a sparse entry: `length` bytes at `offset` of the contents. Outside of the runs are zeros. */
export interface SparseRun {
  readonly offset: number;
  readonly length: number;
}

/** An entry of an archive. Names are untrusted, and texts as `decodeText` makes them: every byte of them is kept. */
export interface ArchiveEntry {
  /** Path within the archive, without leading `./` and trailing `/`. May be absolute or hold `..`. */
  readonly name: string;
  readonly type: EntryType;
  /** Size of the contents in bytes, holes of a sparse file included. 0 for what has no contents. */
  readonly size: number;
  /** Permission bits and setuid, setgid, sticky: 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Owner's and group's names; empty when the archive has none. */
  readonly uname: string;
  readonly gname: string;
  /** Last modification in seconds since 1970 UTC; may have a fraction, and is finite. */
  readonly mtime: number;
  /** Target of a symlink, as it stands; of a hard link, normalised like a name. */
  readonly linkName?: string;
  /** Device numbers of device entries. */
  readonly device?: { readonly major: number; readonly minor: number };
  /** Offset in the tar of the first header that belongs to this entry (a long name's or pax header's, if any). */
  readonly offset: number;
  /** Offset in the tar of the stored data. */
  readonly dataOffset: number;
  /** Bytes stored at `dataOffset`: `size`, unless sparse. */
  readonly storedSize: number;
  /** Where the stored data belongs in the contents, ascending and not overlapping; only for sparse entries. */
  readonly sparse?: readonly SparseRun[] | undefined;
}
