import type { Archive, ArchiveEntry } from '../../archive/archive.js';
import { openArchiveSource } from '../../archive/open.js';
import { NotFoundError } from '../../base/errors.js';
import type { ByteSource } from '../../bytes/source.js';
import { Checkpoint } from '../../checkpoint/checkpoint.js';

/** What all screens read from: the archive, the checkpoint in it, and archives inside the archive. */
export class Workspace {
  readonly archive: Archive;
  readonly checkpoint: Checkpoint;
  readonly entries: readonly ArchiveEntry[];
  readonly #inner = new Map<string, Promise<Archive>>();

  private constructor(archive: Archive, entries: readonly ArchiveEntry[]) {
    this.archive = archive;
    this.checkpoint = new Checkpoint(archive);
    this.entries = entries;
  }

  static async open(archive: Archive): Promise<Workspace> {
    return new Workspace(archive, await archive.entries());
  }

  /**
   * An entry by its name, or by `OUTER//NAME` an entry of an archive that is itself an entry.
   *
   * @throws NotFoundError when it is not there
   */
  async entry(subject: string): Promise<{ entry: ArchiveEntry; open(): ByteSource }> {
    const [outer = '', inner] = split(subject);
    const archive = inner === undefined ? this.archive : await this.inner(outer);
    const entry = await archive.find(inner ?? outer);
    if (entry === undefined) throw new NotFoundError(`${subject} is not in the archive`);
    return { entry, open: () => archive.open(entry) };
  }

  /** An entry that is an archive, opened: plain, gzip or zstd. Kept, for coming back to it. */
  inner(name: string): Promise<Archive> {
    let opening = this.#inner.get(name);
    if (opening === undefined) {
      opening = this.#openInner(name);
      this.#inner.set(name, opening);
      // what could not be opened is tried again when it is asked for again
      opening.catch(() => this.#inner.delete(name));
    }
    return opening;
  }

  async #openInner(name: string): Promise<Archive> {
    const entry = await this.archive.find(name);
    if (entry === undefined) throw new NotFoundError(`${name} is not in the archive`);
    return openArchiveSource(this.archive.open(entry), name);
  }
}

const SEPARATOR = '//';

/** The name of an entry inside an entry. */
export function innerName(outer: string, name: string): string {
  return outer + SEPARATOR + name;
}

function split(subject: string): [outer: string, inner: string | undefined] {
  const at = subject.indexOf(SEPARATOR);
  return at < 0 ? [subject, undefined] : [subject.slice(0, at), subject.slice(at + SEPARATOR.length)];
}
