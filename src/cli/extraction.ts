import { lutimes } from 'node:fs/promises';
import type { ArchiveEntry } from '../archive/archive.js';
import { NotFoundError, UnsafeError } from '../base/errors.js';
import { fsPath } from '../base/text.js';
import { escapeText } from '../render/escape.js';
import { type FileWriter, safeNames, startEntry } from './extract-entry.js';
import { SafeTree } from './safe-tree.js';

interface ExtractionOptions {
  readonly directory: string;
  readonly strip: number;
  readonly force?: true;
  readonly quiet?: true;
}

/** Puts entries into a directory one after the other; leaves out and counts what is not safe. */
export class Extraction {
  readonly #options: ExtractionOptions;
  readonly #directories: { readonly names: readonly string[]; readonly mtime: number }[] = [];
  /** Opened, and made if missing, when the first entry comes: not for an archive that cannot be read. */
  #tree: SafeTree | undefined;
  #unfinished: FileWriter | undefined;
  #seen = 0;
  #leftOut = 0;

  constructor(options: ExtractionOptions) {
    this.#options = options;
  }

  /** Extracts one entry whole; `copy` writes a file's content. */
  async take(entry: ArchiveEntry, path: string, copy: (writer: FileWriter) => Promise<void>): Promise<void> {
    const writer = await this.startEntry(entry, path);
    if (writer !== undefined) await copy(writer);
    await this.finishEntry();
  }

  /** Begins an entry; `finishEntry` ends it. undefined when there is nothing to write, or it is left out. */
  async startEntry(entry: ArchiveEntry, path: string): Promise<FileWriter | undefined> {
    this.#seen += 1;
    try {
      const names = safeNames(entry.name, this.#options.strip);
      if (names === undefined) return undefined;
      this.#tree ??= await SafeTree.at(this.#options.directory);
      this.#unfinished = await startEntry(this.#tree, names, entry, this.#options.force === true);
      if (entry.type === 'directory') this.#directories.push({ names, mtime: entry.mtime });
    } catch (error) {
      if (!(error instanceof UnsafeError)) throw error;
      this.#note(path, error.message);
    }
    return this.#unfinished;
  }

  async finishEntry(): Promise<void> {
    const writer = this.#unfinished;
    await writer?.finish();
    this.#unfinished = undefined;
  }

  /** Counts an entry that was not begun as left out. */
  leaveOut(path: string, reason: string): void {
    this.#seen += 1;
    this.#note(path, reason);
  }

  /** Last, and the deepest first: writing into a directory changes its time. */
  async setDirectoryTimes(): Promise<void> {
    for (const { names, mtime } of this.#directories.reverse()) {
      const path = await this.#tree?.reach(names.slice(0, -1), names.at(-1) ?? '');
      if (path !== undefined) await lutimes(fsPath(path), mtime, mtime);
    }
  }

  /** @throws NotFoundError when no entry was chosen, UnsafeError when some were left out */
  requireComplete(): void {
    if (this.#seen === 0) throw new NotFoundError('no such entries in the archive');
    if (this.#leftOut === 0) return;
    throw new UnsafeError(`${this.#leftOut} of ${this.#seen} entries were left out as unsafe`, {
      remedy: 'the others were extracted; coldcase cat shows the content of any entry',
    });
  }

  async close(): Promise<void> {
    await this.#unfinished?.discard();
    await this.#tree?.close();
  }

  #note(path: string, reason: string): void {
    this.#leftOut += 1;
    if (this.#options.quiet !== true) {
      process.stderr.write(`left out: ${escapeText(`${path}: ${reason}`)}\n`);
    }
  }
}
