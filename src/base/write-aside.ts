import { randomBytes } from 'node:crypto';
import { unlinkSync } from 'node:fs';
import { constants, type FileHandle, link, open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ColdcaseError } from './errors.js';
import { errorCode, fileError } from './file-errors.js';
import { shownUrl } from './shown-url.js';
import { fsPath } from './text.js';
import { existsError, requireWritable, type WritableOptions } from './writable.js';
import { FileOutput } from './write-all.js';

export interface AsideOptions extends WritableOptions {
  /** Bytes that will be written, where that is known: errors say how far it came. */
  readonly size?: number | undefined;
}

/** An open file of which everything can be asked but to write: that is done by what writes all or fails. */
export type AsideHandle = Pick<FileHandle, 'fd' | 'chmod' | 'chown' | 'sync' | 'utimes'>;

/**
 * A file that is written under another name in the same directory, and gets its own name only when it is
 * complete and flushed. Whatever ends the process before, nothing is under the final name.
 */
export interface AsideFile {
  /** Where the file will be. */
  readonly path: string;
  /** Open for reading and writing, mode 0600. Its errors are for `fileError`. */
  readonly handle: AsideHandle;
  /** Takes what is written, every byte of it. */
  readonly output: FileOutput;
  /** Flushes, takes the final name without replacing what is there (unless forced), flushes the directory. */
  commit(): Promise<void>;
  /**
   * Removes what was written. Safe to call at any time, also after `commit`, when it does nothing.
   *
   * @throws FileError when it cannot be removed: it is tried again when the process ends
   */
  discard(): Promise<void>;
}

const unfinished = new Set<string>();
let listening = false;

/** The last chance to clean up, for a second Ctrl-C or a crash. Only SIGKILL and a power cut get past it. */
function removeAtExit(path: string): void {
  unfinished.add(path);
  if (listening) return;
  listening = true;
  process.on('exit', () => {
    for (const each of unfinished) {
      try {
        unlinkSync(fsPath(each));
      } catch {
        // already gone, or the directory is: there is nobody left to tell
      }
    }
  });
}

/**
 * Begins a file that will be named `path`. Whoever can uses `writeAside`, which ends it too.
 *
 * @throws UnsafeError when something is there already and `force` is not given, or it is no file
 * @throws NotFoundError when its directory does not exist; DeniedError, FileError when it cannot be written
 */
export async function createAside(path: string, options: AsideOptions = {}): Promise<AsideFile> {
  await requireWritable(path, options);
  const aside = join(dirname(path), asideName(basename(path)));
  const name = shownUrl(options.name ?? path);
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const handle = await open(fsPath(aside), flags, 0o600).catch((cause: unknown) => {
    throw fileError(cause, name, 'write');
  });
  removeAtExit(aside);
  const output = new FileOutput(handle, name, options.size);
  let closed = false;
  const close = async (): Promise<void> => {
    if (closed) return;
    closed = true;
    await handle.close();
  };
  const discard = async (): Promise<void> => {
    await close().catch(() => {}); // what could not be written is thrown away
    if (!unfinished.has(aside)) return;
    await unlink(fsPath(aside)).catch((cause: unknown) => {
      if (errorCode(cause) !== 'ENOENT')
        throw fileError(cause, join(dirname(name), basename(aside)), 'remove');
    });
    unfinished.delete(aside);
  };
  const commit = async (): Promise<void> => {
    try {
      await handle.sync();
      await close(); // a file server may tell only now that the disk is full
      await takeName(aside, path, options);
      unfinished.delete(aside);
    } catch (cause) {
      return discardAfter(fileError(cause, name, 'write', output.written), discard);
    }
    await syncDirectory(dirname(path)).catch((cause: unknown) => {
      throw withMore(fileError(cause, name, 'flush the directory of'), `${name} is there, and complete`);
    });
  };
  return { path, handle, output, commit, discard };
}

/** A name beside a file's: hidden, told by its end, and short however long the file's is. */
export function asideName(name: string): string {
  const start = name.slice(0, 64).replace(/[^\w.-]/g, '_');
  return `.${start}.${randomBytes(6).toString('hex')}.partial`;
}

/** Writes a file aside, and gives it its name when the work is done; when that fails, nothing is left. */
export async function writeAside<T>(
  path: string,
  options: AsideOptions,
  work: (file: AsideFile) => Promise<T>,
): Promise<T> {
  const file = await createAside(path, options);
  try {
    const result = await work(file);
    await file.commit();
    return result;
  } catch (error) {
    return discardAfter(error, file.discard);
  }
}

/** Writes a small file whole, as `writeAside` does. */
export function writeFileAside(
  path: string,
  content: string | Uint8Array,
  options: AsideOptions = {},
): Promise<void> {
  const size = Buffer.byteLength(content);
  return writeAside(path, { ...options, size }, (file) => file.output.append(content));
}

/** Throws an error when the file that it is about is removed; what stays of it is told with the error. */
async function discardAfter(error: unknown, discard: () => Promise<void>): Promise<never> {
  await discard().catch((cause: unknown) => {
    if (cause instanceof ColdcaseError)
      withMore(error, `and ${cause.message}: a part of the result is in it`);
  });
  throw error;
}

function withMore(error: unknown, line: string): unknown {
  if (error instanceof ColdcaseError) error.more.push(line);
  return error;
}

/** link(2) fails when the name is taken, where rename(2) would replace it; both leave only complete files. */
async function takeName(aside: string, path: string, options: AsideOptions): Promise<void> {
  if (options.force === true) return rename(fsPath(aside), fsPath(path));
  try {
    await link(fsPath(aside), fsPath(path));
  } catch (cause) {
    if (errorCode(cause) === 'EEXIST') throw existsError(shownUrl(options.name ?? path), cause);
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(errorCode(cause) ?? '')) throw cause;
    // a file system without hard links, such as FAT: check once more, then rename
    await requireWritable(path, options);
    return rename(fsPath(aside), fsPath(path));
  }
  await unlink(fsPath(aside));
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(fsPath(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await directory.sync();
  } catch (cause) {
    // some network file systems cannot flush a directory, and say so in one of these ways
    if (!['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'EBADF'].includes(errorCode(cause) ?? '')) throw cause;
  } finally {
    await directory.close();
  }
}
