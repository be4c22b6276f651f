import { type FileHandle, lstat, lutimes, symlink, unlink } from 'node:fs/promises';
import type { ArchiveEntry } from '../archive/archive.js';
import { UnsafeError } from '../base/errors.js';
import { createAside, errorCode, fileError } from '../base/files.js';
import { sliceSource } from '../bytes/slice.js';
import type { ByteSource } from '../bytes/source.js';
import { chunksOf } from '../bytes/streamed.js';
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
  if (names.some((name) => name.includes('\0') || Buffer.byteLength(name) > 255)) {
    throw new UnsafeError('a name that no file can have');
  }
  const left = names.slice(strip);
  return left.length === 0 ? undefined : left;
}

/**
 * Checks a symlink's target: relative, with `..` only at its front and no more of them than there are directories
 * above the link. All these are real directories, so the link leads nowhere outside.
 *
 * @throws UnsafeError
 */
export function requireInside(target: string, depth: number): void {
  const names = target.split('/').filter((name) => name !== '' && name !== '.');
  const up = names.findIndex((name) => name !== '..');
  const climbs = up < 0 ? names.length : up;
  if (target.startsWith('/') || target === '' || climbs > depth || names.slice(climbs).includes('..')) {
    throw new UnsafeError(`a symlink that may lead outside (${target})`);
  }
}

/** Writes one entry; @throws UnsafeError when what it is, or what is in its way, forbids that. */
export async function extractEntry(
  tree: SafeTree,
  names: readonly string[],
  entry: ArchiveEntry,
  content: () => ByteSource,
  force: boolean,
): Promise<void> {
  const directories = names.slice(0, -1);
  const name = names.at(-1) ?? '';
  switch (entry.type) {
    case 'directory':
      await tree.reach(names, '.');
      return;
    case 'symlink':
      requireInside(entry.linkName ?? '', directories.length);
      await makeLink(await tree.reach(directories, name), entry, force);
      return;
    case 'file':
    case 'hardlink':
    case 'other':
      await writeContent(await tree.reach(directories, name), entry, content(), force);
      return;
    default:
      throw new UnsafeError(`a ${entry.type.replace('-', ' ')}`);
  }
}

/** Whether something has that name; only files and links may give way, and only if forced. */
async function requireFree(path: string, force: boolean): Promise<boolean> {
  const there = await lstat(path).catch((error: unknown) => {
    if (errorCode(error) !== 'ENOENT') throw error;
    return undefined;
  });
  if (there === undefined) return false;
  if (force && (there.isFile() || there.isSymbolicLink())) return true;
  throw new UnsafeError('something exists under its name');
}

async function makeLink(path: string, entry: ArchiveEntry, force: boolean): Promise<void> {
  if (await requireFree(path, force)) await unlink(path);
  await symlink(entry.linkName ?? '', path);
  await lutimes(path, entry.mtime, entry.mtime);
}

async function writeContent(
  path: string,
  entry: ArchiveEntry,
  content: ByteSource,
  force: boolean,
): Promise<void> {
  await requireFree(path, force);
  const file = await createAside(path, { force });
  try {
    await writeRuns(file.handle, entry, content);
    await file.handle.utimes(entry.mtime, entry.mtime);
    await file.commit();
  } catch (cause) {
    await file.discard();
    throw fileError(cause, entry.name, 'write');
  }
}

/** Writes what is stored and leaves the holes of a sparse entry holes, however large it says it is. */
async function writeRuns(handle: FileHandle, entry: ArchiveEntry, content: ByteSource): Promise<void> {
  for (const run of entry.sparse ?? [{ offset: 0, length: content.size }]) {
    let at = run.offset;
    for await (const chunk of chunksOf(
      sliceSource(content, run.offset, run.length, content.name),
      0,
      interrupted,
    )) {
      await handle.write(chunk, 0, chunk.length, at);
      at += chunk.length;
    }
  }
  if (entry.sparse !== undefined) await handle.truncate(content.size);
}
