import { existsSync } from 'node:fs';
import { constants, type FileHandle, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { UnsafeError } from '../base/errors.js';
import { errorCode, fileError } from '../base/files.js';
import { fsPath } from '../base/text.js';

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** Where Linux shows open descriptors as paths: a name below one is looked up in that very directory. */
const DESCRIPTORS = '/proc/self/fd';

/**
 * A directory that files are put into by untrusted names. Each directory on the way is opened from the one above
 * it without following links, so nothing lands outside, whatever is there or appears meanwhile. Directories that
 * are missing are made, 0700.
 */
export class SafeTree {
  readonly #root: FileHandle;
  readonly #path: string;
  readonly #byDescriptor = existsSync(DESCRIPTORS);
  /** The directories of the file before: the next one is mostly beside it. */
  #open: { readonly name: string; readonly handle: FileHandle }[] = [];

  private constructor(root: FileHandle, path: string) {
    this.#root = root;
    this.#path = path;
  }

  /** Opens the top, which may be reached by links, and is made if missing. */
  static async at(path: string): Promise<SafeTree> {
    try {
      await mkdir(path, { recursive: true, mode: 0o700 });
      return new SafeTree(await open(path, constants.O_RDONLY | constants.O_DIRECTORY), path);
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
    while (shared < directories.length && this.#open[shared]?.name === directories[shared]) shared += 1;
    for (const { handle } of this.#open.splice(shared)) await handle.close();
    for (const directory of directories.slice(shared)) {
      this.#open.push({ name: directory, handle: await this.#enter(directory) });
    }
    return this.#below(name);
  }

  async close(): Promise<void> {
    for (const { handle } of this.#open.splice(0)) await handle.close();
    await this.#root.close();
  }

  #below(name: string): string {
    const handle = this.#open.at(-1)?.handle ?? this.#root;
    if (this.#byDescriptor) return `${DESCRIPTORS}/${handle.fd}/${name}`;
    return join(this.#path, ...this.#open.map((directory) => directory.name), name);
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
