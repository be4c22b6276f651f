import type { BigIntStats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { DeniedError, FailedError, IntegrityError, NotFoundError, UnsafeError } from '../base/errors.js';
import { errorCode, readError } from '../base/file-errors.js';

/** An archive in the checkpoint directory, held open. */
export class CheckpointFile {
  /** File name alone. */
  readonly name: string;
  /** Path as the kubelet named it. */
  readonly path: string;
  readonly handle: FileHandle;
  /** Bytes. */
  readonly size: number;
  /** Other names (hard links) of the same bytes; removing this one would leave the plaintext under those. */
  readonly otherNames: number;
  readonly #stat: BigIntStats;
  readonly #remove: () => Promise<void>;

  constructor(
    name: string,
    path: string,
    handle: FileHandle,
    stat: BigIntStats,
    remove: () => Promise<void>,
  ) {
    this.name = name;
    this.path = path;
    this.handle = handle;
    this.size = Number(stat.size);
    this.otherNames = Number(stat.nlink) - 1;
    this.#stat = stat;
    this.#remove = remove;
  }

  /** @throws IntegrityError when somebody wrote to the file since it was opened */
  async checkUnchanged(): Promise<void> {
    const now = await this.handle.stat({ bigint: true }).catch((error: unknown) => {
      throw readError(error, this.path);
    });
    if (now.size !== this.#stat.size || now.mtimeNs !== this.#stat.mtimeNs) {
      throw new IntegrityError(`${this.path} changed while it was read`, {
        remedy:
          'something on the node still writes to it; the original was kept: seal it again when that is done',
      });
    }
  }

  /**
   * Removes the file from the directory, if its name still stands for the file that was read.
   *
   * @throws UnsafeError when the name stands for another file now
   */
  async remove(): Promise<void> {
    await this.#remove();
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}

/** @throws UnsafeError for links, directories, FIFOs, sockets and devices */
export function refuseUnlessRegular(stat: BigIntStats, item: string): void {
  if (stat.isFile()) return;
  const kind = stat.isSymbolicLink()
    ? 'a symbolic link'
    : stat.isDirectory()
      ? 'a directory'
      : stat.isFIFO()
        ? 'a FIFO'
        : stat.isSocket()
          ? 'a socket'
          : 'a device';
  throw new UnsafeError(`the kubelet named ${item}, which is ${kind} and not a regular file`, {
    remedy: 'nothing was taken or removed; find out who put it there',
  });
}

/** Why an archive could not be opened or looked at, as the user is told it. */
export function fileFailure(error: unknown, item: string): Error {
  const code = errorCode(error);
  if (code === 'ENOENT') {
    return new NotFoundError(`the kubelet says that it wrote ${item}, but there is no such file here`, {
      remedy: 'is this the node that the pod runs on? The archive lies on that one',
      cause: error,
    });
  }
  if (code === 'ELOOP') {
    return new UnsafeError(`the kubelet named ${item}, which is a symbolic link`, { cause: error });
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new DeniedError(`${item} may not be read by this user`, {
      remedy: 'run coldcase as root on the node',
      cause: error,
    });
  }
  return new FailedError(`${item} cannot be opened: ${code ?? String(error)}`, { cause: error });
}
