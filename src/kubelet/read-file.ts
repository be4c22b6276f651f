import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { DeniedError, FailedError, NotFoundError } from '../base/errors.js';
import { errorCode } from '../base/files.js';

/**
 * The text of a small regular file: credentials, certificates, a log. Never waits on a FIFO and never reads more
 * than `limit` bytes.
 *
 * @param what - what the file is, for errors: `client certificate`
 * @param limit - bytes
 * @throws NotFoundError, DeniedError, or FailedError when it is no regular file or too large
 */
export async function readSmallFile(path: string, what: string, limit = 1 << 20): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
    throw openFailure(error, path, what);
  });
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new FailedError(`${what} ${path} is no regular file`);
    const buffer = Buffer.alloc(Math.min(limit, stat.size + 1) + 1);
    let filled = 0;
    while (filled < buffer.length) {
      const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    if (filled > limit) throw new FailedError(`${what} ${path} is larger than ${limit} bytes`);
    return buffer.toString('utf8', 0, filled);
  } finally {
    await file.close();
  }
}

/** Why a file could not be opened, as the user is told it. */
export function openFailure(error: unknown, path: string, what: string): Error {
  const code = errorCode(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new NotFoundError(`${what} ${path} does not exist`, { cause: error });
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new DeniedError(`${what} ${path} may not be read by this user`, {
      remedy: 'on a node these files belong to root: run coldcase as root',
      cause: error,
    });
  }
  return new FailedError(`${what} ${path} cannot be opened: ${code ?? String(error)}`, { cause: error });
}
