import { FormatError } from '../base/errors.js';
import type { ArchiveEntry } from './entry.js';
import { TAR_BLOCK } from './tar-fields.js';

/** Bounds of what is believed of an archive; a hostile one is refused, not given memory. */
export const LIMITS = {
  /** Entries in one archive. */
  entries: 250_000,
  /** Bytes of one long name or pax header; what Go's archive/tar allows. */
  extension: 1024 * 1024,
  /** Bytes of all long names and pax headers before one entry: what they say is kept until it comes. */
  extensionsOfEntry: 4 * 1024 * 1024,
  /** Bytes of all long names and pax headers of the archive, with the blocks that they take. */
  extensions: 1024 * 1024 * 1024,
  /** Characters of all names of entries, links and owners together. */
  names: 32 * 1024 * 1024,
  /** Runs of all sparse files together. */
  sparseRuns: 500_000,
} as const;

/** What has been taken of one archive: each part may be believable, and their sum not. */
export class TarBudget {
  readonly #where: string;
  #entries = 0;
  #extensions = 0;
  #names = 0;
  #runs = 0;
  /** Of the entry to come. */
  #before = 0;

  constructor(where: string) {
    this.#where = where;
  }

  /**
   * Counts a long name or pax header before it is read.
   *
   * @param length - in bytes, as it says itself
   * @throws FormatError when that is too much, alone or with those before it
   */
  extension(length: number, offset: number): void {
    if (length < 0 || length > LIMITS.extension) {
      throw new FormatError(
        this.#where,
        offset,
        `a long name or pax header of ${length} bytes is not believable`,
      );
    }
    this.#before += length;
    this.#extensions += length + TAR_BLOCK;
    if (this.#before > LIMITS.extensionsOfEntry || this.#extensions > LIMITS.extensions) {
      throw new FormatError(this.#where, offset, 'more long names and pax headers than any archive needs', {
        remedy: `the limits are ${LIMITS.extensionsOfEntry} bytes before one entry, ${LIMITS.extensions} altogether`,
      });
    }
  }

  /** Counts an entry. @throws FormatError when that is too much with those before it */
  entry(entry: ArchiveEntry, offset: number): void {
    this.#before = 0;
    this.#entries += 1;
    this.#names += entry.name.length + (entry.linkName?.length ?? 0);
    this.#names += entry.uname.length + entry.gname.length;
    this.#runs += entry.sparse?.length ?? 0;
    if (this.#entries > LIMITS.entries || this.#names > LIMITS.names || this.#runs > LIMITS.sparseRuns) {
      throw new FormatError(
        this.#where,
        offset,
        'more entries, names or sparse runs than any checkpoint has',
        {
          remedy: `the limits are ${LIMITS.entries} entries, ${LIMITS.names} characters of names, ${LIMITS.sparseRuns} runs`,
        },
      );
    }
  }
}
