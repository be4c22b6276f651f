import { close, constants, fstatSync, openSync, read, readSync } from 'node:fs';
import { promisify } from 'node:util';
import { DeniedError, FailedError, FormatError, NotFoundError, UnsafeError } from '../base/errors.js';
import { NOT_A_FILE } from '../base/file-errors.js';
import { looksLikeUrl, shownUrl } from '../base/shown-url.js';
import { fsPath } from '../base/text.js';
import { requireRange } from './range.js';
import type { ByteSource } from './source.js';

const readAsync = promisify(read);
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
  const stat = fstatSync(fd);
  if (!stat.isFile()) {
    close(fd);
    if (stat.isDirectory()) {
      throw new UnsafeError(`${name} is a directory`, { remedy: 'name a file in it' });
    }
    throw new UnsafeError(`${name} is not a regular file`, { remedy: 'name a file, or use - and a pipe' });
  }
  return descriptorSource(fd, stat.size, name);
}

/** @param name - as errors call it */
function openDescriptor(path: string, name: string): number {
  try {
    return openSync(fsPath(path), constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
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
    throw new FailedError(`${name}: cannot be opened (${String(code)})`, { cause });
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
      let done = 0;
      while (done < length) {
        const got =
          length <= READ_IN_PLACE
            ? readSync(fd, bytes, done, length - done, offset + done)
            : (await readAsync(fd, bytes, done, length - done, offset + done)).bytesRead;
        if (got === 0)
          throw new FormatError(name, offset + done, 'the file became shorter while it was read');
        done += got;
      }
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
