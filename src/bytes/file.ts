import { close, constants, fstatSync, openSync, type Stats } from 'node:fs';
import { promisify } from 'node:util';
import { DeniedError, NotFoundError, UnsafeError } from '../base/errors.js';
import { errorCode, NOT_A_FILE, readError } from '../base/file-errors.js';
import { readAll, readAllSync } from '../base/read-all.js';
import { looksLikeUrl, shownUrl } from '../base/shown-url.js';
import { fsPath } from '../base/text.js';
import { requireRange } from './range.js';
import type { ByteSource } from './source.js';

const closeAsync = promisify(close);

/** Reads up to this long are done in place: cheaper than a trip through the thread pool. */
const READ_IN_PLACE = 128 * 1024;

/**
 * A regular file as a source. Its size is the one that it had when it was opened.
 *
 * @throws NotFoundError, DeniedError or FailedError when it cannot be opened, UnsafeError when it is not a
 * regular file (a FIFO could block for ever, a device could be anything)
 */
export function openFile(path: string): ByteSource {
  const name = shownUrl(path);
  const fd = openDescriptor(path, name);
  const stat = statOf(fd, name);
  if (!stat.isFile()) {
    close(fd);
    if (stat.isDirectory()) {
      throw new UnsafeError(`${name} is a directory`, { remedy: 'name a file in it' });
    }
    throw new UnsafeError(`${name} is not a regular file`, { remedy: 'name a file, or use - and a pipe' });
  }
  return descriptorSource(fd, stat.size, name);
}

function statOf(fd: number, name: string): Stats {
  try {
    return fstatSync(fd);
  } catch (cause) {
    close(fd);
    throw readError(cause, name);
  }
}

/** @param name - as errors call it */
function openDescriptor(path: string, name: string): number {
  try {
    return openSync(fsPath(path), constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    const code = errorCode(cause);
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new NotFoundError(`${name}: no such file`, {
        cause,
        remedy: looksLikeUrl(path)
          ? NOT_A_FILE
          : 'check the path, and whether this is the machine that has it',
      });
    }
    if (code === 'EACCES' || code === 'EPERM') {
      throw new DeniedError(`${name}: not allowed to read it`, {
        cause,
        remedy: 'run as its owner or as root',
      });
    }
    throw readError(cause, name);
  }
}

/** An open descriptor of a regular file of `size` bytes as a source, which owns the descriptor from then on. */
export function descriptorSource(fd: number, size: number, name: string): ByteSource {
  let open = true;
  const self: ByteSource = {
    name,
    size,
    read: async (offset, length) => {
      requireRange(self, offset, length);
      const bytes = Buffer.allocUnsafeSlow(length);
      if (length <= READ_IN_PLACE) readAllSync(fd, bytes, offset, name);
      else await readAll(fd, bytes, offset, name);
      return bytes;
    },
    close: async () => {
      if (!open) return;
      open = false;
      await closeAsync(fd);
    },
  };
  return self;
}
