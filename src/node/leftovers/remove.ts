import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir, rename, rmdir, unlink } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { FailedError, UnsafeError } from '../../base/errors.js';
import { errorCode, fileError } from '../../base/file-errors.js';
import { whoElseWrites } from '../../base/sole-writer.js';
import type { HostRoot } from '../host/root.js';
import { type Activity, readActivity, whyUncertain } from './activity.js';
import { type Leftover, measure } from './look.js';

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** Linux shows descriptors as paths; a name below one is looked up in that very directory. */
const at = (directory: FileHandle, name: string | Buffer): Buffer =>
  Buffer.concat([Buffer.from(`/proc/self/fd/${directory.fd}/`), Buffer.from(name)]);

export interface RemoveOptions {
  readonly now?: Date;
  /** What runs, for tests that cannot run an engine. */
  readonly activity?: (host: HostRoot, leftovers: readonly Leftover[]) => Promise<Activity>;
}

/**
 * Removes a leftover when it is certain that nothing runs in it. It is first renamed where it lies, so that a
 * checkpoint that begins now makes a new one, and then looked at once more: if anybody holds it, or anything in it
 * changed, it gets its name back. Everything is reached through descriptors, and no link is followed.
 *
 * @throws UnsafeError when it is not certain, or it is not what was looked at; DeniedError, FailedError
 */
export async function removeLeftover(
  host: HostRoot,
  leftover: Leftover,
  options: RemoveOptions = {},
): Promise<void> {
  if (!host.isThisMachine) {
    throw new UnsafeError(`${leftover.path}: whether anything runs in it cannot be told below --host-root`, {
      remedy: 'run it on the node itself',
    });
  }
  await requireCertain(host, leftover, options);
  const name = basename(leftover.path);
  const parent = await openDirectories(dirname(leftover.path), leftover);
  try {
    await requireSame(parent, name, leftover);
    const aside = `${name.replace(/\.coldcase-[0-9a-f]{12}$/, '')}.coldcase-${randomBytes(6).toString('hex')}`;
    await rename(at(parent, name), at(parent, aside));
    try {
      const renamed = { ...leftover, path: `${dirname(leftover.path)}/${aside}` };
      await requireSame(parent, aside, leftover);
      await requireCertain(host, renamed, options);
      await requireUntouched(host, renamed);
    } catch (error) {
      await giveNameBack(parent, aside, name);
      throw error;
    }
    await removeTree(parent, aside);
  } catch (error) {
    throw fileError(error, leftover.path, 'remove');
  } finally {
    await parent.close();
  }
}

async function requireCertain(host: HostRoot, leftover: Leftover, options: RemoveOptions): Promise<void> {
  const { activity = readActivity, now = new Date() } = options;
  const why = whyUncertain(leftover, await activity(host, [leftover]), now);
  if (why !== undefined) throw new UnsafeError(`${leftover.path} was not removed: ${why}`);
}

/** Opens every directory from the root on, each from the one above it, so that none can be swapped for a link. */
async function openDirectories(path: string, leftover: Leftover): Promise<FileHandle> {
  // in a sticky directory such as /tmp others can make names, but neither rename nor remove what is root's
  const others = await whoElseWrites(path, leftover.owner === 0);
  if (others !== undefined) {
    throw new UnsafeError(`${leftover.path} was not removed: ${others}, who could swap it meanwhile`);
  }
  let directory = await open('/', DIRECTORY);
  for (const name of path.split('/').filter((part) => part !== '')) {
    const above = directory;
    try {
      directory = await open(at(above, name), DIRECTORY);
    } finally {
      await above.close();
    }
  }
  return directory;
}

async function requireSame(
  parent: FileHandle,
  name: string,
  { path, identity, owner }: Leftover,
): Promise<void> {
  const found = await lstat(at(parent, name));
  if (found.dev === identity.device && found.ino === identity.inode && found.uid === owner) return;
  throw new UnsafeError(`${path} is not what was looked at any more, and was not removed`);
}

async function requireUntouched(host: HostRoot, renamed: Leftover): Promise<void> {
  const { size, written, whole } = await measure(host, renamed.path);
  if (whole && size === renamed.size && written === renamed.written) return;
  throw new UnsafeError(`${renamed.path} changed while it was to be removed`);
}

async function giveNameBack(parent: FileHandle, aside: string, name: string): Promise<void> {
  const taken = await lstat(at(parent, name)).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (taken !== undefined) {
    throw new FailedError(`${name} was made anew meanwhile; what was there is called ${aside} now`);
  }
  await rename(at(parent, aside), at(parent, name));
}

/** Removes a file, or a directory with all in it. Names are bytes. */
async function removeTree(parent: FileHandle, name: string | Buffer): Promise<void> {
  let directory: FileHandle;
  try {
    directory = await open(at(parent, name), DIRECTORY);
  } catch (error) {
    if (!['ENOTDIR', 'ELOOP'].includes(errorCode(error) ?? '')) throw error;
    await unlink(at(parent, name));
    return;
  }
  try {
    for (const entry of await readdir(at(directory, '.'), { encoding: 'buffer' })) {
      await removeTree(directory, entry);
    }
  } finally {
    await directory.close();
  }
  await rmdir(at(parent, name));
}
