import { randomBytes } from 'node:crypto';
import { unlinkSync } from 'node:fs';
import { constants, type FileHandle, link, lstat, open, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DeniedError, FailedError, NotFoundError, UnsafeError } from './errors.js';

export interface AsideOptions {
  /** Replace a file that exists under the final name. Without it, such a file is never touched. */
  readonly force?: boolean | undefined;
}

/**
 * A file that is written under another name in the same directory, and gets its own name only when it is
 * complete and flushed. Whatever ends the process before, nothing is under the final name.
 */
export interface AsideFile {
  /** Where the file will be. */
  readonly path: string;
  /** Open for reading and writing, mode 0600. Errors of its own are `FailedError` after `fileError`. */
  readonly handle: FileHandle;
  /** Flushes, takes the final name without replacing what is there (unless forced), flushes the directory. */
  commit(): Promise<void>;
  /** Removes what was written. Safe to call at any time, also after `commit`, when it does nothing. */
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
        unlinkSync(each);
      } catch {
        // already gone, or the directory is: there is nobody left to tell
      }
    }
  });
}

/**
 * Begins a file that will be named `path`.
 *
 * @throws UnsafeError when something is there already and `force` is not given, or a directory is
 * @throws NotFoundError when its directory does not exist; DeniedError, FailedError when it cannot be written
 */
export async function createAside(path: string, options: AsideOptions = {}): Promise<AsideFile> {
  await requireWritable(path, options);
  const aside = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.partial`);
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const handle = await open(aside, flags, 0o600).catch((cause: unknown) => {
    throw fileError(cause, path, 'write');
  });
  removeAtExit(aside);
  let closed = false;
  const close = async (): Promise<void> => {
    if (!closed) await handle.close();
    closed = true;
  };
  const discard = async (): Promise<void> => {
    await close();
    if (!unfinished.delete(aside)) return;
    await unlink(aside).catch(ignoreMissing);
  };
  const commit = async (): Promise<void> => {
    try {
      await handle.sync();
      await close();
      await takeName(aside, path, options);
      unfinished.delete(aside);
      await syncDirectory(dirname(path));
    } catch (cause) {
      await discard();
      throw fileError(cause, path, 'write');
    }
  };
  return { path, handle, commit, discard };
}

/** Writes a small file whole, as `createAside` does. */
export async function writeFileAside(
  path: string,
  content: string | Uint8Array,
  options: AsideOptions = {},
): Promise<void> {
  const file = await createAside(path, options);
  try {
    await file.handle.writeFile(content);
    await file.commit();
  } catch (cause) {
    await file.discard();
    throw fileError(cause, path, 'write');
  }
}

/**
 * Checks, before long work, that a file can be made: its directory exists and nothing is in the way.
 *
 * @throws as `createAside`
 */
export async function requireWritable(path: string, options: AsideOptions = {}): Promise<void> {
  const directory = dirname(path);
  const parent = await stat(directory).catch((cause: unknown) => {
    throw fileError(cause, directory, 'write to directory');
  });
  if (!parent.isDirectory()) throw new NotFoundError(`${directory} is not a directory`);
  const there = await lstat(path).catch((cause: unknown) => {
    if (errorCode(cause) === 'ENOENT') return undefined;
    throw fileError(cause, path, 'write');
  });
  if (there === undefined) return;
  if (there.isDirectory()) throw new UnsafeError(`${path} is a directory`, { remedy: 'name a file in it' });
  if (options.force === true) return;
  throw existsError(path);
}

function existsError(path: string, cause?: unknown): UnsafeError {
  return new UnsafeError(`${path} exists`, {
    remedy: 'name another file, or replace it with --force',
    cause,
  });
}

/** link(2) fails when the name is taken, where rename(2) would replace it; both leave only complete files. */
async function takeName(aside: string, path: string, options: AsideOptions): Promise<void> {
  if (options.force === true) return rename(aside, path);
  try {
    await link(aside, path);
  } catch (cause) {
    if (errorCode(cause) === 'EEXIST') throw existsError(path, cause);
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(errorCode(cause) ?? '')) throw cause;
    // a file system without hard links, such as FAT: check once more, then rename
    await requireWritable(path);
    return rename(aside, path);
  }
  await unlink(aside);
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await directory.sync();
  } catch (cause) {
    // some network file systems cannot flush a directory, and say so in one of these ways
    if (!['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'EBADF'].includes(errorCode(cause) ?? '')) throw cause;
  } finally {
    await directory.close();
  }
}

/** An operating system's error about a file as what a user is told; errors of ours pass unchanged. */
export function fileError(cause: unknown, path: string, doing: string): unknown {
  const code = errorCode(cause);
  if (code === undefined) return cause;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    const remedy = doing.startsWith('read')
      ? 'check the path, and whether this is the machine that has it'
      : 'check the path; missing directories are made only for an output that ends in /';
    return new NotFoundError(`cannot ${doing} ${path}: no such file or directory`, { cause, remedy });
  }
  if (code === 'EACCES' || code === 'EPERM') {
    const remedy = 'run as a user who may, or choose another place';
    return new DeniedError(`cannot ${doing} ${path}: not allowed`, { cause, remedy });
  }
  if (code === 'EROFS') return new FailedError(`cannot ${doing} ${path}: read-only file system`, { cause });
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const remedy = 'free space there, or write to another file system with -o';
    return new FailedError(`cannot ${doing} ${path}: no space left`, { cause, remedy });
  }
  return new FailedError(`cannot ${doing} ${path}: ${code}`, { cause });
}

/** The `code` of an operating system's error, such as `ENOENT`; `undefined` for errors of other kinds. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

function ignoreMissing(error: unknown): undefined {
  if (errorCode(error) !== 'ENOENT') throw error;
  return undefined;
}
