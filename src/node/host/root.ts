import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir, readlink, realpath, stat, statfs } from 'node:fs/promises';
import { join, posix, resolve as resolvePath } from 'node:path';
import { NotFoundError } from '../../base/errors.js';
import { describe, type Found, unread } from './found.js';

/** What `stat` says, in the units that reports use. */
export interface FileFacts {
  readonly kind: 'file' | 'directory' | 'socket' | 'fifo' | 'device' | 'link' | 'other';
  readonly uid: number;
  readonly gid: number;
  /** The permission bits, 0o7777. */
  readonly mode: number;
  readonly size: number;
  /** Bytes of blocks that it takes on the disk, less than its size when it has holes. */
  readonly allocated: number;
  readonly mtime: Date;
  /** When it or what is known of it (owner, mode, names) was last changed; nobody can set it back. */
  readonly ctime: Date;
  readonly device: number;
  readonly inode: number;
}

/** Space of a file system, in bytes and inodes that an unprivileged writer can use. */
export interface SpaceFacts {
  readonly type: number;
  readonly size: number;
  readonly free: number;
  readonly inodes: number;
  readonly freeInodes: number;
}

/** Links followed in one path before it counts as a loop (the kernel's own limit is 40). */
export const MAX_LINKS = 40;
/** What a configuration or state file may hold at most, unless its reader says otherwise. */
export const MAX_FILE = 4 << 20;
const MAX_NAMES = 65_536;

/**
 * The directory without links on the way, so that it can be compared with `/`. A link of /proc to what a process has
 * (`/proc/1/root`, the way from a pod with hostPID to its node) is more than its text: that says `/`, and means the root
 * of that process in its own mounts. Such a path is kept as it was given, unless the process lives where we do.
 */
async function realRoot(directory: string): Promise<string> {
  const path = resolvePath(directory);
  const [, process, link] = /^\/proc\/([^/]+(?:\/task\/[^/]+)?)\/(root|cwd|fd\/)/.exec(path) ?? [];
  if (process === undefined) return realpath(path);
  const same = async (name: string): Promise<boolean> =>
    (await readlink(`/proc/${process}/${name}`)) === (await readlink(`/proc/self/${name}`));
  const here = link === 'root' && (await same('ns/mnt')) && (await same('root'));
  return here ? realpath(path) : path;
}

/**
 * A node's file system below a directory: `/` for the machine that we run on, or a host mounted into a pod, an
 * unpacked image, a test fixture. Paths are absolute paths inside it. Symbolic links are followed inside the root
 * only: `/etc/passwd` behind a link in a hostile image means that image's own file, and `..` stops at the root.
 * Every read is bounded.
 */
export class HostRoot {
  /** The root as given, made real. */
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** Throws a NotFoundError when the directory is not there. */
  static async open(directory = '/'): Promise<HostRoot> {
    try {
      const real = await realRoot(directory);
      if (!(await stat(real)).isDirectory()) throw new NotFoundError(`${directory} is not a directory`);
      return new HostRoot(real);
    } catch (error) {
      if (error instanceof NotFoundError) throw error;
      throw new NotFoundError(`cannot open the host root ${directory}: ${describe(error)}`, {
        remedy: "name the directory where the node's file system is mounted, such as --host-root /host",
        cause: error,
      });
    }
  }

  /** True when this is the machine that we run on, so that commands may be run and sockets mean what they say. */
  get isThisMachine(): boolean {
    return this.directory === '/';
  }

  /** The process whose root this is, when it was opened as /proc/PID/root: what is mounted in it is that process's to say. */
  get process(): number | undefined {
    const pid = /^\/proc\/(\d+)\/(?:task\/\d+\/)?root$/.exec(this.directory)?.[1];
    return pid === undefined ? undefined : Number(pid);
  }

  /**
   * The path inside the root after following every link in it, as an absolute path inside the root. The last part
   * need not exist when `missing` is allowed. With `follow: false` a link in the last place stays a link.
   */
  async resolve(path: string, options: { readonly follow?: boolean } = {}): Promise<Found<string>> {
    const pending = path.split('/').filter((part) => part !== '' && part !== '.');
    let at = '/';
    let links = 0;
    while (pending.length > 0) {
      const part = pending.shift();
      if (part === undefined) break;
      if (part === '..') {
        at = posix.dirname(at);
        continue;
      }
      const next = posix.join(at, part);
      if (pending.length === 0 && options.follow === false) return { ok: true, value: next };
      let target: string | undefined;
      try {
        if ((await lstat(join(this.directory, next))).isSymbolicLink()) {
          target = await readlink(join(this.directory, next));
        }
      } catch (error) {
        return unread(error);
      }
      if (target === undefined) {
        at = next;
        continue;
      }
      links += 1;
      if (links > MAX_LINKS) return { ok: false, reason: 'failed', why: 'too many symbolic links' };
      if (target.startsWith('/')) at = '/';
      pending.unshift(...target.split('/').filter((piece) => piece !== '' && piece !== '.'));
    }
    return { ok: true, value: at };
  }

  /** The path on this machine of a path inside the root, links followed inside it. */
  async real(path: string): Promise<Found<string>> {
    const resolved = await this.resolve(path);
    return resolved.ok ? { ok: true, value: join(this.directory, resolved.value) } : resolved;
  }

  /** Reads a regular file of at most `limit` bytes. Devices, sockets and pipes are refused, never waited for. */
  async readBytes(path: string, limit = MAX_FILE): Promise<Found<Buffer>> {
    return this.#withFile(path, (file) => readBounded(file, limit));
  }

  async #withFile<T>(path: string, work: (file: FileHandle) => Promise<Found<T>>): Promise<Found<T>> {
    const real = await this.real(path);
    if (!real.ok) return real;
    let file: FileHandle;
    try {
      file = await open(real.value, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (error) {
      return unread(error);
    }
    try {
      if (!(await file.stat()).isFile()) {
        return { ok: false, reason: 'wrong-kind', why: 'not a regular file' };
      }
      return await work(file);
    } catch (error) {
      return unread(error);
    } finally {
      await file.close();
    }
  }

  /** The first bytes of a regular file, at most `length`: enough to tell what it is. */
  async readStart(path: string, length: number): Promise<Found<Buffer>> {
    return this.#withFile(path, async (file) => {
      const bytes = Buffer.alloc(length);
      const { bytesRead } = await file.read(bytes, 0, length, 0);
      return { ok: true, value: bytes.subarray(0, bytesRead) };
    });
  }

  /** Reads a text file; bytes that are not UTF-8 become U+FFFD. */
  async readText(path: string, limit = MAX_FILE): Promise<Found<string>> {
    const bytes = await this.readBytes(path, limit);
    return bytes.ok ? { ok: true, value: bytes.value.toString('utf8') } : bytes;
  }

  /** The names in a directory, in byte order (as Go's ReadDir gives them), at most 65,536. */
  async list(path: string): Promise<Found<readonly string[]>> {
    const real = await this.real(path);
    if (!real.ok) return real;
    try {
      const names = await readdir(real.value);
      if (names.length > MAX_NAMES) return { ok: false, reason: 'too-large', why: `${names.length} names` };
      return { ok: true, value: names.sort(byBytes) };
    } catch (error) {
      return unread(error);
    }
  }

  /** Facts of what a path leads to; of the link itself with `follow: false`. */
  async stat(path: string, options: { readonly follow?: boolean } = {}): Promise<Found<FileFacts>> {
    const resolved = await this.resolve(path, options);
    if (!resolved.ok) return resolved;
    try {
      const found = await lstat(join(this.directory, resolved.value));
      return {
        ok: true,
        value: {
          kind: found.isFile()
            ? 'file'
            : found.isDirectory()
              ? 'directory'
              : found.isSocket()
                ? 'socket'
                : found.isFIFO()
                  ? 'fifo'
                  : found.isSymbolicLink()
                    ? 'link'
                    : found.isCharacterDevice() || found.isBlockDevice()
                      ? 'device'
                      : 'other',
          uid: found.uid,
          gid: found.gid,
          mode: found.mode & 0o7777,
          size: found.size,
          allocated: found.blocks * 512,
          mtime: found.mtime,
          ctime: found.ctime,
          device: found.dev,
          inode: found.ino,
        },
      };
    } catch (error) {
      return unread(error);
    }
  }

  /** The target text of a link, not followed; `/proc/PID/fd/N` and namespace links are read this way. */
  async readLink(path: string): Promise<Found<string>> {
    const resolved = await this.resolve(path, { follow: false });
    if (!resolved.ok) return resolved;
    try {
      return { ok: true, value: await readlink(join(this.directory, resolved.value)) };
    } catch (error) {
      return unread(error);
    }
  }

  /** The path without links, or the one that its nearest existing parent leads to, as far as that can be told. */
  async nearest(path: string): Promise<string> {
    let at = posix.normalize(path);
    let rest = '';
    for (;;) {
      const resolved = await this.resolve(at);
      if (resolved.ok) return posix.join(resolved.value, rest);
      if (resolved.reason !== 'absent' || posix.dirname(at) === at) return path;
      rest = posix.join(posix.basename(at), rest);
      at = posix.dirname(at);
    }
  }

  /** Space where `path` lies, or where its nearest existing parent does. */
  async space(path: string): Promise<Found<SpaceFacts>> {
    for (let at = posix.normalize(path); ; at = posix.dirname(at)) {
      const real = await this.real(at);
      if (!real.ok && real.reason === 'absent' && at !== '/') continue;
      if (!real.ok) return real;
      try {
        const found = await statfs(real.value);
        return {
          ok: true,
          value: {
            type: found.type,
            size: found.blocks * found.bsize,
            free: found.bavail * found.bsize,
            inodes: found.files,
            freeInodes: found.ffree,
          },
        };
      } catch (error) {
        return unread(error);
      }
    }
  }

  async exists(path: string): Promise<boolean> {
    return (await this.stat(path)).ok;
  }
}

/** Reads until the end or the limit; `/proc` files say size 0, so the size is not asked. */
async function readBounded(file: FileHandle, limit: number): Promise<Found<Buffer>> {
  const chunks: Buffer[] = [];
  let total = 0;
  for (;;) {
    const chunk = Buffer.allocUnsafe(Math.min(64 << 10, limit + 1 - total));
    const { bytesRead } = await file.read(chunk, 0, chunk.length, null);
    if (bytesRead === 0) break;
    chunks.push(chunk.subarray(0, bytesRead));
    total += bytesRead;
    if (total > limit) return { ok: false, reason: 'too-large', why: `larger than ${limit} bytes` };
  }
  return { ok: true, value: Buffer.concat(chunks) };
}

/** Names as Go and the kernel's tools order them: by bytes, not by the locale. */
export function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
