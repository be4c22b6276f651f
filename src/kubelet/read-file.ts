import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { DeniedError, FailedError, NotFoundError } from '../base/errors.js';
import { errorCode, fileError } from '../base/file-errors.js';
import { readInput } from '../base/read-input.js';
import { shownUrl } from '../base/shown-url.js';

const LIMIT = 1 << 20;

/**
 * As `readSmallFile`, for a file that the user has named: that may be a pipe, as `<(command)` of a shell gives one.
 *
 * @param signal - ends the waiting for a pipe that nobody has opened to write
 */
export async function readNamedFile(
  path: string,
  what: string,
  signal: AbortSignal | undefined,
  limit = LIMIT,
): Promise<string> {
  const found = await stat(path).catch(() => undefined); // what is wrong is told below
  if (found?.isFIFO() !== true) return readSmallFile(path, what, limit);
  const { bytes } = await readInput(path, { limit, signal }).catch((error: unknown) => {
    throw openFailure(error, path, what);
  });
  return bytes.toString('utf8');
}

/**
 * The text of a small regular file: credentials, certificates, a log. Never waits on a FIFO and never reads more
 * than `limit` bytes.
 *
 * @param what - what the file is, for errors: `client certificate`
 * @param limit - bytes
 * @throws NotFoundError, DeniedError, or FailedError when it is no regular file or too large
 */
export async function readSmallFile(path: string, what: string, limit = LIMIT): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
    throw openFailure(error, path, what);
  });
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new FailedError(`${what} ${shownUrl(path)} is no regular file`);
    const buffer = Buffer.alloc(Math.min(limit, stat.size + 1) + 1);
    let filled = 0;
    while (filled < buffer.length) {
      const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    if (filled > limit) throw new FailedError(`${what} ${shownUrl(path)} is larger than ${limit} bytes`);
    return buffer.toString('utf8', 0, filled);
  } catch (error) {
    throw openFailure(error, path, what);
  } finally {
    await file.close();
  }
}

/** Why a file could not be opened or read, as the user is told it; errors of ours pass unchanged. */
function openFailure(error: unknown, path: string, what: string): unknown {
  const code = errorCode(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new NotFoundError(`${what} ${shownUrl(path)} does not exist`, {
      remedy: 'check the path, and whether this is the machine that has it',
      cause: error,
    });
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new DeniedError(`${what} ${shownUrl(path)} may not be read by this user`, {
      remedy: 'on a node these files belong to root: run coldcase as root',
      cause: error,
    });
  }
  return fileError(error, path, `read ${what}`);
}
