import { IntegrityError, UnsafeError } from '../base/errors.js';
import { errorCode } from '../base/file-errors.js';

/**
 * What the operating system says where one entry is at fault: its name, its size, its target, or what is in its way.
 * Another entry may well be written after it. The disk's and the process's own faults (ENOSPC, EDQUOT, EIO, EROFS,
 * EMFILE, a directory that is gone) are not among them: nothing after them could be written either.
 */
const OF_THE_ENTRY: ReadonlySet<string> = new Set([
  // its name or target: too long, or not one that this file system has
  ...['ENAMETOOLONG', 'EINVAL', 'EILSEQ', 'ELOOP'],
  // its size or time
  ...['EFBIG', 'EOVERFLOW', 'ERANGE'],
  // what has its name, or is on the way to it
  ...['EEXIST', 'EISDIR', 'ENOTDIR', 'ENOTEMPTY', 'EBUSY', 'ETXTBSY', 'EXDEV', 'ENXIO', 'EMLINK'],
  // a directory of the tree that was there before, or what this file system has not: links, times
  ...['EACCES', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'],
]);

/** Whether an error of extracting an entry is about that entry alone; all others end the run. */
export function isOfTheEntry(error: unknown): boolean {
  if (error instanceof UnsafeError || error instanceof IntegrityError) return true;
  const code = errorCode(error) ?? (error instanceof Error ? errorCode(error.cause) : undefined);
  return code !== undefined && OF_THE_ENTRY.has(code);
}
