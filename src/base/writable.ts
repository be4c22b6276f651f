import { existsSync } from 'node:fs';
import { lstat, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { NotFoundError, UnsafeError, UsageError } from './errors.js';
import { errorCode, fileError } from './file-errors.js';
import { looksLikeUrl, shownUrl } from './shown-url.js';
import { fsPath } from './text.js';

export interface WritableOptions {
  /** Replace a file that exists under the final name. Without it, such a file is never touched. */
  readonly force?: boolean | undefined;
  /** What errors call it, where the path says nothing to a user. */
  readonly name?: string | undefined;
}

/**
 * Checks, before long work, that a file can be made: its directory exists and nothing is in the way.
 *
 * @throws UnsafeError when something is there already and `force` is not given, or it is no file; UsageError for a URL;
 * NotFoundError when its directory does not exist; DeniedError, FileError when that cannot be seen
 */
export async function requireWritable(path: string, options: WritableOptions = {}): Promise<void> {
  const name = shownUrl(options.name ?? path);
  refuseUrl(path);
  const parent = await stat(fsPath(dirname(path))).catch((cause: unknown) => {
    throw fileError(cause, dirname(name), 'write to directory');
  });
  if (!parent.isDirectory()) throw new NotFoundError(`${dirname(name)} is not a directory`);
  const there = await lstat(fsPath(path)).catch((cause: unknown) => {
    if (errorCode(cause) === 'ENOENT') return undefined;
    throw fileError(cause, name, 'write');
  });
  if (there === undefined) return;
  if (there.isDirectory()) throw new UnsafeError(`${name} is a directory`, { remedy: 'name a file in it' });
  if (options.force !== true) throw existsError(name);
  if (there.isFile() || there.isSymbolicLink()) return;
  throw new UnsafeError(`${name} is no file, and is not replaced by one`, { remedy: 'name another file' });
}

/**
 * What is called as a URL is written all the same where its directory exists, and below another name: `./a:b@c`.
 *
 * @throws UsageError when a URL is given for a file or directory to be made: its secrets would be in their names
 */
export function refuseUrl(path: string): void {
  if (!looksLikeUrl(path) && shownUrl(path) === path) return;
  const directory = dirname(path);
  if (existsSync(fsPath(path)) || (directory !== '.' && existsSync(fsPath(directory)))) return;
  throw new UsageError(`${shownUrl(path)} looks like a URL, and a file or directory is to be made`, {
    remedy: 'name one of this machine; ./ in front of it says that it is one',
  });
}

/** That something is there already, and was not to be replaced. */
export function existsError(path: string, cause?: unknown): UnsafeError {
  return new UnsafeError(`${path} exists`, {
    remedy: 'name another file, or replace it with --force',
    cause,
  });
}
