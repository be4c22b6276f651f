/**
 * Random access to a run of bytes whose length is known: a file, an HTTP resource, a decrypted or decompressed
 * view of another source, a slice of one. Sources stack; each caches at most a fixed number of bytes.
 */
export interface ByteSource {
  /** Length in bytes. */
  readonly size: number;
  /** What this is, for error messages: a path, a URL, `entry of archive`. Untrusted text. */
  readonly name: string;
  /**
   * Reads exactly `length` bytes from `offset`.
   *
   * The result may share memory with a cache: it is to be read, not written, and copied if kept for long.
   *
   * @throws FormatError when the range does not lie within the source, or the bytes below are damaged
   */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** Releases what the source holds open, the sources below it included. Safe to call twice. */
  close(): Promise<void>;
}
