import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, lstat, open, unlink } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { DeniedError, FailedError, NotFoundError, UnsafeError } from '../base/errors.js';
import { errorCode } from '../base/file-errors.js';
import { CheckpointFile, fileFailure, refuseUnlessRegular } from './checkpoint-file.js';

/** The kubelet's `--root-dir` unless it is told otherwise; archives lie in `checkpoints` below it. */
export const DEFAULT_ROOT_DIR = '/var/lib/kubelet';

/**
 * The directory in which a kubelet leaves its archives, held open: whatever is done below goes through the
 * descriptor, so that nobody can swap the directory meanwhile (on Linux, where /proc/self/fd serves as openat).
 */
export class CheckpointDirectory {
  readonly path: string;
  /** What the kubelet calls it, which knows nothing of where its root is mounted. */
  readonly #onNode: string;
  readonly #handle: FileHandle;

  private constructor(path: string, onNode: string, handle: FileHandle) {
    this.path = path;
    this.#onNode = onNode;
    this.#handle = handle;
  }

  /**
   * Opens the directory if it is one (not a link), belongs to root or to this user, and nobody else may write there.
   *
   * @param hostRoot - where the node's file system is mounted, when the directory is below it
   * @throws NotFoundError, DeniedError, UnsafeError
   */
  static async open(directory: string, hostRoot = '/'): Promise<CheckpointDirectory> {
    const path = resolve(directory);
    const root = resolve(hostRoot);
    const onNode = root !== '/' && path.startsWith(`${root}/`) ? path.slice(root.length) : path;
    const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
    const handle = await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW).catch(async (error: unknown) => {
      throw await directoryFailure(error, path);
    });
    try {
      const stat = await handle.stat();
      const self = process.getuid?.() ?? 0;
      if (stat.uid !== 0 && stat.uid !== self) {
        throw new UnsafeError(
          `the checkpoint directory ${path} belongs to user ${stat.uid}, who could swap its files`,
          {
            remedy: 'it should belong to root with mode 0700',
          },
        );
      }
      if ((stat.mode & 0o022) !== 0) {
        throw new UnsafeError(
          `the checkpoint directory ${path} may be written by others, who could swap its files`,
          {
            remedy: `chmod 0700 ${path}`,
          },
        );
      }
      return new CheckpointDirectory(path, onNode, handle);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /**
   * Opens an archive that the kubelet named. Only a regular file directly inside the directory is taken, never
   * through a link; from then on only its descriptor is used.
   *
   * @param item - path on the node, as the kubelet answered it: untrusted
   * @throws UnsafeError for everything else; NotFoundError, DeniedError
   */
  async take(item: string): Promise<CheckpointFile> {
    const name = this.#nameOf(item);
    const entry = this.#entry(name);
    const before = await lstat(entry, { bigint: true }).catch((error: unknown) => {
      throw fileFailure(error, item);
    });
    // looked at before opening: opening a device can already do something
    refuseUnlessRegular(before, item);
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
    const handle = await open(entry, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch((error: unknown) => {
      throw fileFailure(error, item);
    });
    try {
      const stat = await handle.stat({ bigint: true });
      refuseUnlessRegular(stat, item);
      return new CheckpointFile(name, item, handle, stat, () => this.#remove(name, item, stat));
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  #nameOf(item: string): string {
    const name = basename(item);
    // as the kubelet makes them: checkpoint-<pod>_<namespace>-<container>-<RFC 3339 time>.tar
    const plain = /^[A-Za-z0-9][A-Za-z0-9._:+-]{0,254}$/.test(name);
    if (
      item !== `${dirname(item)}/${name}` ||
      resolve(item) !== item ||
      (dirname(item) !== this.path && dirname(item) !== this.#onNode) ||
      !plain
    ) {
      throw new UnsafeError(
        `the kubelet named ${item}, which is not a file directly inside ${this.#onNode}`,
        {
          remedy: `nothing was taken or removed; if the kubelet's --root-dir is another, say --checkpoint-dir DIR`,
        },
      );
    }
    return name;
  }

  #entry(name: string): string {
    return process.platform === 'linux' ? `/proc/self/fd/${this.#handle.fd}/${name}` : `${this.path}/${name}`;
  }

  async #remove(name: string, item: string, taken: BigIntStats): Promise<void> {
    const entry = this.#entry(name);
    const now = await lstat(entry, { bigint: true }).catch((error: unknown) => {
      throw fileFailure(error, item);
    });
    if (now.dev !== taken.dev || now.ino !== taken.ino) {
      throw new UnsafeError(`${item} is another file now than the one that was sealed, and was not removed`, {
        remedy: 'the sealed copy is complete; find out who replaced the original',
      });
    }
    await unlink(entry);
    await this.#handle.sync();
  }
}

async function directoryFailure(error: unknown, path: string): Promise<Error> {
  const code = errorCode(error);
  if (code === 'ENOENT') {
    return new NotFoundError(`the checkpoint directory ${path} does not exist on this machine`, {
      remedy: 'run on the node itself, and name it by --checkpoint-dir if the kubelet has another --root-dir',
      cause: error,
    });
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new DeniedError(`the checkpoint directory ${path} may not be read by this user`, {
      remedy: 'run coldcase as root on the node',
      cause: error,
    });
  }
  const link = (await lstat(path).catch(() => undefined))?.isSymbolicLink();
  if (link || code === 'ELOOP') {
    return new UnsafeError(`the checkpoint directory ${path} is a symbolic link`, {
      remedy: 'name the directory itself by --checkpoint-dir',
      cause: error,
    });
  }
  if (code === 'ENOTDIR')
    return new UnsafeError(`the checkpoint directory ${path} is no directory`, { cause: error });
  return new FailedError(`the checkpoint directory ${path} cannot be opened: ${code}`, { cause: error });
}
