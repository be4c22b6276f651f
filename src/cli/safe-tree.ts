import { existsSync } from 'node:fs';
import { constants, type FileHandle, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { UnsafeError } from '../base/errors.js';
import { errorCode, fileError } from '../base/file-errors.js';
import { fsPath } from '../base/text.js';
import { makeDirectory } from './output-path.js';

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** Where Linux shows open descriptors as paths: a name below one is looked up in that very directory. */
const DESCRIPTORS = '/proc/self/fd';

/** Directories that are held open at once: a path may have thousands of levels, and a process 256 descriptors. */
const HELD = 64;

/** A directory on the way to the last entry; without a handle when it was let go of, to be opened again. */
interface Level {
  readonly name: string;
  handle: FileHandle | undefined;
}

/**
 * A directory that files are put into by untrusted names. Each directory on the way is opened from the one above it
 * without following links, so nothing lands outside, whatever is there or appears meanwhile. Directories that are
 * missing are made, 0700.
 */
export class SafeTree {
  readonly #root: FileHandle;
  readonly #path: string;
  readonly #signal: AbortSignal | undefined;
  readonly #byDescriptor = existsSync(DESCRIPTORS);
  /** The directories of the entry before: the next one is mostly beside it. The last of them is always open. */
  readonly #levels: Level[] = [];
  #held = 0;

  private constructor(root: FileHandle, path: string, signal: AbortSignal | undefined) {
    this.#root = root;
    this.#path = path;
    this.#signal = signal;
  }

  /**
   * Opens the top, which may be reached by links, and is made if missing.
   *
   * @throws NotFoundError, DeniedError or FailedError when nothing can be put into it
   */
  static async at(path: string, signal?: AbortSignal): Promise<SafeTree> {
    await makeDirectory(path);
    try {
      return new SafeTree(await open(fsPath(path), constants.O_RDONLY | constants.O_DIRECTORY), path, signal);
    } catch (cause) {
      throw fileError(cause, path, 'write to directory');
    }
  }

  /**
   * The path by which to reach `name` in a directory of the tree, good until the next call.
   *
   * @param directories - names on the way, none of them empty, `.` or `..` or with a slash
   * @throws UnsafeError when something other than a directory is in the way, a link included
   */
  async reach(directories: readonly string[], name: string): Promise<string> {
    let shared = 0;
    while (shared < directories.length && this.#levels[shared]?.name === directories[shared]) shared += 1;
    await this.#leave(shared);
    for (const directory of directories.slice(this.#levels.length)) {
      this.#signal?.throwIfAborted();
      const handle = await this.#enter(directory);
      this.#levels.push({ name: directory, handle });
      this.#held += 1;
      if (this.#held > HELD) await this.#thinOut();
    }
    return this.#below(name);
  }

  async close(): Promise<void> {
    await this.#leave(0);
    await this.#root.close();
  }

  /** Goes up to the deepest of the first `depth` directories that is still open: below it they are opened again. */
  async #leave(depth: number): Promise<void> {
    let open = Math.min(depth, this.#levels.length);
    while (open > 0 && this.#levels[open - 1]?.handle === undefined) open -= 1;
    for (const { handle } of this.#levels.splice(open)) await this.#letGo(handle);
  }

  /**
   * Lets go of every second directory that is open, but for the last. Those near to the end stay the closest together,
   * so that going up a long path level by level opens few of them again.
   */
  async #thinOut(): Promise<void> {
    const open = this.#levels.filter(({ handle }) => handle !== undefined);
    for (const [index, level] of open.slice(0, -1).entries()) {
      if (index % 2 === 0) continue;
      await this.#letGo(level.handle);
      level.handle = undefined;
    }
  }

  async #letGo(handle: FileHandle | undefined): Promise<void> {
    if (handle === undefined) return;
    this.#held -= 1;
    await handle.close();
  }

  #below(name: string): string {
    const handle = this.#levels.at(-1)?.handle ?? this.#root;
    if (this.#byDescriptor) return `${DESCRIPTORS}/${handle.fd}/${name}`;
    return join(this.#path, ...this.#levels.map((level) => level.name), name);
  }

  async #enter(name: string): Promise<FileHandle> {
    const path = this.#below(name);
    try {
      await mkdir(fsPath(path), { mode: 0o700 });
    } catch (cause) {
      if (errorCode(cause) !== 'EEXIST') throw fileError(cause, name, 'make directory');
    }
    try {
      return await open(fsPath(path), DIRECTORY);
    } catch (cause) {
      if (!['ENOTDIR', 'ELOOP'].includes(errorCode(cause) ?? ''))
        throw fileError(cause, name, 'open directory');
      throw new UnsafeError(`${name} is in the way: not a directory`, { cause });
    }
  }
}
