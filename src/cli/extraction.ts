import { lutimes } from 'node:fs/promises';
import type { ArchiveEntry } from '../archive/archive.js';
import { ColdcaseError, NotFoundError } from '../base/errors.js';
import { fileError } from '../base/file-errors.js';
import { fsPath } from '../base/text.js';
import type { ByteSource } from '../bytes/source.js';
import { escapeText } from '../render/escape.js';
import { copyContent, type FileWriter, safeNames, startEntry } from './extract-entry.js';
import { isOfTheEntry } from './extract-fault.js';
import { interrupted } from './interrupt.js';
import { LeftOut } from './left-out.js';
import { SafeTree } from './safe-tree.js';

interface ExtractionOptions {
  readonly directory: string;
  readonly strip: number;
  readonly force?: true;
  readonly quiet?: true;
}

/**
 * Puts entries into a directory one after the other. What is not safe, damaged, or not to be written for a reason of its
 * own is left out, named and counted; what would befall every other entry as well (a full disk) is thrown.
 */
export class Extraction {
  readonly #options: ExtractionOptions;
  readonly #leftOut: LeftOut;
  readonly #directories: { readonly names: readonly string[]; readonly entry: ArchiveEntry }[] = [];
  /** Opened, and made if missing, when the first entry comes: not for an archive that cannot be read. */
  #tree: SafeTree | undefined;
  /** The file that is being written, and what its entry is called. */
  #unfinished: { readonly path: string; readonly writer: FileWriter } | undefined;
  #seen = 0;
  #made = 0;

  constructor(options: ExtractionOptions) {
    this.#options = options;
    this.#leftOut = new LeftOut(options.quiet === true);
  }

  /** Extracts one entry whole. Returns whether it was; not when it was left out, or there is nothing to make. */
  async take(entry: ArchiveEntry, path: string, open: () => ByteSource): Promise<boolean> {
    const before = this.#made;
    await this.startEntry(entry, path);
    await this.#unlessAtFault(path, async () => {
      const writer = this.#unfinished?.writer;
      if (writer !== undefined) await copyContent(entry, open(), writer);
    });
    await this.finishEntry();
    return this.#made > before;
  }

  /**
   * Begins an entry; `finishEntry` ends it.
   *
   * @returns what takes its data; undefined when there is nothing to write, or it is left out
   */
  async startEntry(
    entry: ArchiveEntry,
    path: string,
  ): Promise<((chunk: Uint8Array) => Promise<void>) | undefined> {
    this.#seen += 1;
    const names = await this.#unlessAtFault(path, async () => safeNames(entry.name, this.#options.strip));
    if (names === undefined) return undefined;
    // what is wrong with the top is wrong for all
    this.#tree ??= await SafeTree.at(this.#options.directory, interrupted);
    await this.#start(this.#tree, names, entry, path);
    if (this.#unfinished === undefined) return undefined;
    // the rest of an entry that was left out meanwhile passes
    return (chunk) => this.#unlessAtFault(path, async () => this.#unfinished?.writer.write(chunk));
  }

  async #start(tree: SafeTree, names: readonly string[], entry: ArchiveEntry, path: string): Promise<void> {
    await this.#unlessAtFault(path, async () => {
      const writer = await startEntry(tree, names, entry, this.#options.force === true);
      if (writer !== undefined) this.#unfinished = { path, writer };
      else this.#made += 1;
      if (entry.type === 'directory') this.#directories.push({ names, entry });
    });
  }

  async finishEntry(): Promise<void> {
    if (this.#unfinished === undefined) return;
    const { path, writer } = this.#unfinished;
    await this.#unlessAtFault(path, async () => {
      await writer.finish();
      this.#made += 1;
    });
    this.#unfinished = undefined;
  }

  /** Counts an entry that was not begun as left out. */
  leaveOut(path: string, reason: string): void {
    this.#seen += 1;
    this.#leftOut.add(path, reason);
  }

  /** Last: writing into a directory changes its time. In the order in which they were made, as each is near the next. */
  async setDirectoryTimes(): Promise<void> {
    for (const { names, entry } of this.#directories) {
      interrupted.throwIfAborted();
      await this.#unlessAtFault(entry.name, async () => {
        const path = await this.#tree?.reach(names.slice(0, -1), names.at(-1) ?? '');
        if (path === undefined) return;
        await lutimes(fsPath(path), entry.mtime, entry.mtime).catch((cause: unknown) => {
          throw fileError(cause, entry.name, 'set the time of');
        });
      });
    }
  }

  /** @throws NotFoundError when no entry was chosen, IntegrityError or UnsafeError when some were left out */
  requireComplete(): void {
    if (this.#seen === 0) throw new NotFoundError('no such entries in the archive');
    const error = this.leftOut();
    if (error !== undefined) throw error;
  }

  /** That some were left out, as an error; undefined when none were. */
  leftOut(): ColdcaseError | undefined {
    return this.#leftOut.error(this.#seen);
  }

  /** Adds to an error that ends the run what is there already. */
  tellProgress(error: unknown): void {
    if (this.#made === 0 || !(error instanceof ColdcaseError)) return;
    error.more.push(`entries extracted before, each complete: ${this.#made}`);
  }

  async close(): Promise<void> {
    await this.#drop();
    await this.#tree?.close();
  }

  /** Does a part of an entry's work; an error that is about this entry alone leaves it out, and gives undefined. */
  async #unlessAtFault<T>(path: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      await this.#drop();
      if (!isOfTheEntry(error)) throw error;
      this.#leftOut.add(path, error);
      return undefined;
    }
  }

  /** Removes what there is of an unfinished file. What cannot be removed is told: the error before it is the error. */
  async #drop(): Promise<void> {
    const unfinished = this.#unfinished;
    this.#unfinished = undefined;
    await unfinished?.writer.discard().catch((cause: unknown) => {
      if (!(cause instanceof ColdcaseError)) throw cause;
      process.stderr.write(`left behind: ${escapeText(cause.message)}\n`);
    });
  }
}
