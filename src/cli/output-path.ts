import { access, constants, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { NotFoundError } from '../base/errors.js';
import { errorCode, fileError } from '../base/file-errors.js';
import { shownUrl } from '../base/shown-url.js';
import { fsPath } from '../base/text.js';
import { refuseUrl } from '../base/writable.js';

/**
 * Where `-o` says a result goes: into it, when it is a directory or ends in `/` (made if missing, mode 0700),
 * else it is the file.
 *
 * @param name - the file's name within a directory
 */
export async function resolveOutputPath(output: string, name: string): Promise<string> {
  if (output.endsWith('/')) {
    await makeDirectory(output);
    return join(output, name);
  }
  const there = await stat(fsPath(output)).catch(() => undefined);
  return there?.isDirectory() === true ? join(output, name) : output;
}

/**
 * Makes a directory with those above it, mode 0700, unless it is there; it can be written to afterwards.
 *
 * @throws NotFoundError, DeniedError, FailedError
 */
export async function makeDirectory(path: string): Promise<void> {
  refuseUrl(path);
  try {
    await mkdir(fsPath(path), { recursive: true, mode: 0o700 });
  } catch (error) {
    if (errorCode(error) === 'ENOENT') {
      throw new NotFoundError(`the directory above ${shownUrl(path)} does not exist`, {
        remedy: 'make it first, or name another',
      });
    }
    const file = ['EEXIST', 'ENOTDIR'].includes(errorCode(error) ?? '');
    if (!file) throw fileError(error, path, 'make directory');
  }
  if ((await stat(fsPath(path)).catch(() => undefined))?.isDirectory() !== true) {
    throw new NotFoundError(`${shownUrl(path)} is not a directory`, {
      remedy: 'name another, or a file without / at its end',
    });
  }
  await access(fsPath(path), constants.W_OK | constants.X_OK).catch((error: unknown) => {
    throw fileError(error, path, 'write to directory');
  });
}
