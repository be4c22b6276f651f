import type { Archive, ArchiveEntry } from '../../archive/archive.js';
import { splitNested } from '../../archive/nested.js';
import { openNested } from '../../archive/select.js';
import { NotFoundError } from '../../base/errors.js';
import type { ByteSource } from '../../bytes/source.js';
import { Checkpoint } from '../../checkpoint/checkpoint.js';
import type { Recovered } from '../../recover/recovered.js';
import type { Verification } from '../core/verification.js';

/** What all screens read from: the archive, the checkpoint in it, and archives inside the archive. */
export class Workspace {
  readonly archive: Archive;
  readonly checkpoint: Checkpoint;
  readonly entries: readonly ArchiveEntry[];
  readonly #inner = new Map<string, Promise<Archive>>();
  #comms: ReadonlyMap<string, string> | undefined;
  #names: ReadonlySet<string> | undefined;
  #recovered: Promise<Recoverable> | undefined;
  /** How the verification of the archive stands at this moment, if it can be verified at all. */
  readonly verification: () => Verification | undefined;

  private constructor(
    archive: Archive,
    entries: readonly ArchiveEntry[],
    verification: () => Verification | undefined,
  ) {
    this.archive = archive;
    this.verification = verification;
    this.checkpoint = new Checkpoint(archive);
    this.entries = entries;
  }

  static async open(
    archive: Archive,
    verification: () => Verification | undefined = () => undefined,
  ): Promise<Workspace> {
    return new Workspace(archive, await archive.entries(), verification);
  }

  /**
   * An entry by its name, or by `OUTER//NAME` an entry of an archive that is itself an entry.
   *
   * @throws NotFoundError when it is not there
   */
  async entry(subject: string): Promise<{ entry: ArchiveEntry; open(): ByteSource }> {
    // a tar may hold names with two slashes in a row
    const [outer = '', inner] = this.has(subject) ? [subject] : splitNested(subject);
    const archive = inner === undefined ? this.archive : await this.inner(outer);
    const entry = await archive.find(inner ?? outer);
    if (entry === undefined) throw new NotFoundError(`${subject} is not in the archive`);
    return { entry, open: () => archive.open(entry) };
  }

  /** A process as titles call it: its PID, and its name once the processes have been read. */
  processName(subject: string): string {
    if (this.#comms === undefined) {
      this.#comms = new Map();
      this.checkpoint.processes().then(
        (processes) => {
          this.#comms = new Map(processes.map(({ pid, comm }) => [String(pid), comm]));
        },
        () => {}, // whoever shows the processes says what is wrong with them
      );
    }
    const comm = this.#comms.get(subject);
    return comm === undefined ? subject : `${subject} (${comm})`;
  }

  /** Whether the archive itself has an entry of that name. */
  has(name: string): boolean {
    this.#names ??= new Set(this.entries.map((entry) => entry.name));
    return this.#names.has(name);
  }

  /** An entry that is an archive, opened: plain, gzip or zstd. Kept, for coming back to it. */
  inner(name: string): Promise<Archive> {
    let opening = this.#inner.get(name);
    if (opening === undefined) {
      opening = openNested(this.archive, name);
      this.#inner.set(name, opening);
      // what could not be opened is tried again when it is asked for again
      opening.catch(() => this.#inner.delete(name));
    }
    return opening;
  }

  /** What exists in no file system any more; the list of it, read once. */
  recovered(): Promise<Recoverable> {
    if (this.#recovered === undefined) {
      this.#recovered = this.#recover();
      this.#recovered.catch(() => {
        this.#recovered = undefined;
      });
    }
    return this.#recovered;
  }

  async #recover(): Promise<Recoverable> {
    const { recoverObjects } = await import('../../recover/recover.js');
    const problems: string[] = [];
    const objects: Recovered[] = [];
    for await (const object of recoverObjects(this.checkpoint, ({ message }) => problems.push(message))) {
      objects.push(object);
    }
    return { objects, problems };
  }
}

/** What can be recovered, and what was wrong with the images that would have held more. */
export interface Recoverable {
  readonly objects: readonly Recovered[];
  readonly problems: readonly string[];
}
