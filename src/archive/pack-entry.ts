import type { SparseRun } from './entry.js';

/** A file for a tar that is written anew. */
export interface PackEntry {
  /** A relative path, as `decodeText` makes texts: a byte that is no UTF-8 is that byte in the tar. */
  readonly name: string;
  /** Bytes of the contents, holes included. */
  readonly size: number;
  /** Permission bits and setuid, setgid, sticky. */
  readonly mode: number;
  /** 0 to 2^32 - 1, as the kernel has them. */
  readonly uid: number;
  readonly gid: number;
  /** Last modification in seconds since 1970 UTC, within what a `Date` holds; microseconds are kept. */
  readonly mtime: number;
  /** Where data is, ascending and not overlapping; zeros elsewhere. Undefined when there is data everywhere. */
  readonly sparse?: readonly SparseRun[] | undefined;
  /** The bytes of `sparse`, one run behind the other, or all. */
  content(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}
