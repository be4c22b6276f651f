import { lstat, lutimes, rename, symlink, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { ArchiveEntry } from '../archive/archive.js';
import { UnsafeError } from '../base/errors.js';
import { errorCode, fileError } from '../base/file-errors.js';
import { encodeText, fsPath } from '../base/text.js';
import { asideName, createAside } from '../base/write-aside.js';
import { chunksOf } from '../bytes/chunks.js';
import { sliceSource } from '../bytes/slice.js';
import type { ByteSource } from '../bytes/source.js';
import { interrupted } from './interrupt.js';
import type { SafeTree } from './safe-tree.js';

/**
 * An entry's path as names to create, `strip` of them left out at the front; undefined when none are left.
 *
 * @throws UnsafeError for absolute paths, `..`, and names that no file can have
 */
export function safeNames(path: string, strip: number): string[] | undefined {
  if (path.startsWith('/')) throw new UnsafeError('an absolute path');
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  if (names.includes('..')) throw new UnsafeError('a path with .. in it');
  if (names.some((name) => name.includes('\0') || encodeText(name).length > 255)) {
    throw new UnsafeError('a name that no file can have');
  }
  const left = names.slice(strip);
  return left.length === 0 ? undefined : left;
}

/** The longest target that Linux gives a link (PATH_MAX, with the NUL at its end); file systems may take less. */
const LONGEST_TARGET = 4095;

/**
 * Checks a symlink's target: relative, with `..` only at its front and no more of them than there are directories
 * above the link. All these are real directories, so the link leads nowhere outside.
 *
 * @throws UnsafeError
 */
function requireInside(target: string, depth: number): void {
  if (target.includes('\0')) throw new UnsafeError('a symlink whose target has a NUL in it');
  const { length } = encodeText(target);
  if (length > LONGEST_TARGET) {
    throw new UnsafeError(`a symlink whose target is longer than any can be (${length} bytes)`);
  }
  const names = target.split('/').filter((name) => name !== '' && name !== '.');
  const up = names.findIndex((name) => name !== '..');
  const climbs = up < 0 ? names.length : up;
  if (target.startsWith('/') || target === '' || climbs > depth || names.slice(climbs).includes('..')) {
    throw new UnsafeError(`a symlink that may lead outside (${target})`);
  }
}

/**
 * Makes what an entry is, all but a file's content: for that it returns a writer.
 *
 * @throws UnsafeError when what it is, or what is in its way, forbids that; what the operating system says, as
 * `fileError` has it
 */
export async function startEntry(
  tree: SafeTree,
  names: readonly string[],
  entry: ArchiveEntry,
  force: boolean,
): Promise<FileWriter | undefined> {
  const directories = names.slice(0, -1);
  const name = names.at(-1) ?? '';
  switch (entry.type) {
    case 'directory':
      await tree.reach(names, '.');
      return undefined;
    case 'symlink':
      requireInside(entry.linkName ?? '', directories.length);
      await makeLink(await tree.reach(directories, name), entry, force);
      return undefined;
    case 'file':
    case 'hardlink':
    case 'other':
      return startFile(await tree.reach(directories, name), entry, force);
    default:
      throw new UnsafeError(`a ${entry.type.replace('-', ' ')}`);
  }
}

/** Whether something has that name; only files and links may give way, and only if forced. */
async function requireFree(path: string, name: string, force: boolean): Promise<boolean> {
  const there = await lstat(fsPath(path)).catch((error: unknown) => {
    if (errorCode(error) !== 'ENOENT') throw fileError(error, name, 'write');
    return undefined;
  });
  if (there === undefined) return false;
  if (force && (there.isFile() || there.isSymbolicLink())) return true;
  throw new UnsafeError('something exists under its name');
}

/** Made under another name where it is to replace something, which stays when the link cannot be made. */
async function makeLink(path: string, entry: ArchiveEntry, force: boolean): Promise<void> {
  const replaces = await requireFree(path, entry.name, force);
  const at = replaces ? join(dirname(path), asideName(basename(path))) : path;
  try {
    await symlink(fsPath(entry.linkName ?? ''), fsPath(at));
    try {
      await lutimes(fsPath(at), entry.mtime, entry.mtime);
      if (replaces) await rename(fsPath(at), fsPath(path));
    } catch (cause) {
      await unlink(fsPath(at));
      throw cause;
    }
  } catch (cause) {
    throw fileError(cause, entry.name, 'make the link');
  }
}

/** A file that is being extracted. */
export interface FileWriter {
  /** Takes the stored data of the entry, piece by piece; the holes of a sparse entry stay holes. */
  write(chunk: Uint8Array): Promise<void>;
  /** Sets the time and gives the file its name. */
  finish(): Promise<void>;
  /** Removes what was written. */
  discard(): Promise<void>;
}

async function startFile(path: string, entry: ArchiveEntry, force: boolean): Promise<FileWriter> {
  await requireFree(path, entry.name, force);
  // the path is by descriptor, which says nothing to a user
  const file = await createAside(path, { force, name: entry.name, size: entry.storedSize });
  if (entry.sparse !== undefined) {
    // first, so that a size that no file can have is met before its data is
    await file.output.resize(entry.size).catch(async (error: unknown) => {
      await file.discard();
      throw error;
    });
  }
  const runs = entry.sparse ?? [{ offset: 0, length: entry.storedSize }];
  let run = 0;
  let written = 0;
  return {
    write: async (chunk) => {
      for (let rest = chunk; rest.length > 0; ) {
        const { offset, length } = runs[run] ?? { offset: 0, length: rest.length };
        const piece = rest.subarray(0, length - written);
        await file.output.writeAt(piece, offset + written);
        rest = rest.subarray(piece.length);
        written += piece.length;
        if (written < length) continue;
        run += 1;
        written = 0;
      }
    },
    finish: async () => {
      await file.handle.utimes(entry.mtime, entry.mtime).catch((cause: unknown) => {
        throw fileError(cause, entry.name, 'set the time of');
      });
      await file.commit();
    },
    discard: () => file.discard(),
  };
}

/** Hands the stored bytes of an entry to a writer. */
export async function copyContent(
  entry: ArchiveEntry,
  content: ByteSource,
  writer: Pick<FileWriter, 'write'>,
): Promise<void> {
  for (const { offset, length } of entry.sparse ?? [{ offset: 0, length: content.size }]) {
    const run = sliceSource(content, offset, length, content.name);
    for await (const chunk of chunksOf(run, 0, interrupted)) await writer.write(chunk);
  }
}
