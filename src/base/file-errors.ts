import { constants } from 'node:os';
import { DeniedError, FailedError, NotFoundError } from './errors.js';
import { looksLikeUrl, shownUrl } from './shown-url.js';
import { formatSize } from './units.js';

/** How far writing came. */
export interface Written {
  /** Bytes that were written. */
  readonly done: number;
  /** Bytes that were to be written in all, where that is known. */
  readonly total?: number | undefined;
}

/** The operating system would not read, write or make a file. */
export class FileError extends FailedError {
  /** As `errno` names it; undefined when a call gave no error and did nothing. */
  readonly code: string | undefined;
  readonly written: Written | undefined;

  constructor(
    message: string,
    code: string | undefined,
    written: Written | undefined,
    details: { readonly remedy: string; readonly cause?: unknown },
  ) {
    super(message, details);
    this.code = code;
    this.written = written;
  }
}

/** What the codes of errno(3) mean for a file, and what to do about each, where it was read as well. */
const PROBLEMS: Readonly<
  Record<string, readonly [problem: string, remedy: string, reading?: string | undefined]>
> = {
  ENOSPC: ['no space left on its file system', 'free space there (df -h, df -i), or use another file system'],
  EDQUOT: [
    'the disk quota is used up',
    'free space of this user or project (quota -s), or use another file system',
  ],
  EFBIG: [
    'larger than a file can be there',
    'the file system has a limit, or this process (ulimit -f): raise it, or use another file system',
  ],
  EIO: [
    'input/output error: the disk, or the network that it is behind, failed',
    'the kernel log says more (dmesg); use another disk',
    'the kernel log says more (dmesg); save what can be read before anything else (ddrescue), and use the copy',
  ],
  ENXIO: ['it is a socket, or a device that is not there', 'name a file'],
  EISDIR: ['it is a directory', 'name a file in it'],
  EROFS: ['read-only file system', 'use another file system, or mount it for writing'],
  EPIPE: ['nobody reads it any more', 'keep its reader running until all is written'],
  ENAMETOOLONG: ['the name is longer than its file system takes', 'choose a shorter name'],
  ELOOP: ['too many symbolic links, or one where none may be', 'name the place that it leads to'],
  EMFILE: ['too many open files in this process', 'raise the limit (ulimit -n)'],
  ENFILE: ['too many open files on this machine', 'raise the limit (sysctl fs.file-max)'],
  ESTALE: ['the file server no longer knows it', 'mount it again, or use another file system'],
  EUCLEAN: ['its file system is damaged', 'the kernel log says more (dmesg); use another file system'],
  EBADMSG: ['its file system is damaged', 'the kernel log says more (dmesg); use another file system'],
  EHWPOISON: ['the memory of this machine is damaged there', 'read it on another machine'],
  ENOKEY: ['its directory is encrypted, and locked', 'unlock it (fscrypt unlock), or choose another place'],
};

/** What can be done where a URL was given for a file. */
export const NOT_A_FILE =
  'here a file is meant, and there is none of that name; what reads archives takes https://HOST/PATH too';

/** An operating system's error about a file as what a user is told; errors of ours pass unchanged. */
export function fileError(cause: unknown, path: string, doing: string, written?: Written): unknown {
  return systemFault(cause, path, doing, { written });
}

/**
 * As `fileError`, of reading.
 *
 * @param offset - in bytes, from which on nothing could be read
 */
export function readError(cause: unknown, path: string, offset?: number): unknown {
  return systemFault(cause, path, 'read', { offset });
}

interface HowFar {
  readonly written?: Written | undefined;
  readonly offset?: number | undefined;
}

function systemFault(cause: unknown, path: string, doing: string, { written, offset }: HowFar): unknown {
  const code = errorCode(cause);
  if (code === undefined) return cause;
  const what = `cannot ${doing} ${shownUrl(path)}`;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    const remedy = looksLikeUrl(path)
      ? NOT_A_FILE
      : doing.startsWith('read')
        ? 'check the path, and whether this is the machine that has it'
        : 'check the path; missing directories are made only for an output that ends in /';
    return new NotFoundError(`${what}: no such file or directory`, { cause, remedy });
  }
  if (code === 'EACCES' || code === 'EPERM') {
    const remedy = 'run as a user who may, or choose another place';
    return new DeniedError(`${what}: not allowed`, { cause, remedy });
  }
  const [problem, doNext, reading] = PROBLEMS[code] ?? [code, 'its file system says so; try another one'];
  const remedy = doing.startsWith('read') ? (reading ?? doNext) : doNext;
  const where = offset === undefined ? '' : ` at offset ${offset}`;
  return new FileError(`${what}${where}: ${problem}${progress(written)}`, code, written, { cause, remedy });
}

/** A write that gives no error and takes nothing: trying it again could go on for ever. */
export function stuckError(path: string, written: Written): FileError {
  const message = `cannot write ${shownUrl(path)}: its file system takes no more bytes and does not say why`;
  return new FileError(`${message}${progress(written)}`, undefined, written, {
    remedy: 'use another file system',
  });
}

function progress(written: Written | undefined): string {
  if (written === undefined) return '';
  const { done, total } = written;
  return `, after ${formatSize(done)}${total === undefined ? '' : ` of ${formatSize(total)}`}`;
}

/**
 * The name in errno(3) of an operating system's error, such as `ENOENT`; `undefined` for errors of other kinds. By its
 * number where libuv has no name for it: of EDQUOT and ESTALE it makes `Unknown system error -122`.
 */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) return undefined;
  if (typeof error.code !== 'string') return undefined;
  if (/^E[A-Z0-9_]+$/.test(error.code) || !('errno' in error)) return error.code;
  const number = typeof error.errno === 'number' ? Math.abs(error.errno) : Number.NaN;
  return NAMES.get(number) ?? error.code;
}

/** Of Linux's numbers, what a file system says that neither libuv nor Node has a name for (asm-generic/errno.h). */
const LINUX = { EUCLEAN: 117, ENOMEDIUM: 123, ENOKEY: 126, EHWPOISON: 133 };

/** This platform's names by their numbers. */
const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries({ ...constants.errno, ...(process.platform === 'linux' ? LINUX : {}) }).map(
    ([name, number]) => [number, name],
  ),
);
