import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { UnsafeError } from '../../base/errors.js';
import { errorCode, fileError } from '../../base/files.js';

const REMEDY = 'name a directory of your own, or keep the archive on the node with --keep-original';
const ROOT = 0;

/**
 * Where a path leads, once it is sure that nobody but root and this user can put something else there: once the
 * original is removed, the sealed file is all there is. Links on the way are followed now and not again, and every
 * directory from the root down to the last one that exists is looked at, as sshd does with authorized_keys: each must
 * belong to root, to this user, or to whoever ran sudo, and not be writable by everybody unless it is sticky, where
 * others can neither rename nor remove what is not theirs. A group that may write was chosen by somebody.
 *
 * @param path - of a directory that need not be there yet
 * @returns the path as given when no link is on the way, otherwise the one that it leads to
 * @throws UnsafeError
 */
export async function trustedPlace(path: string): Promise<string> {
  const { real, rest } = await lastThatExists(resolve(path));
  for (let directory = real; ; directory = dirname(directory)) {
    await requireTrusted(directory);
    if (directory === dirname(directory)) break;
  }
  const leads = join(real, ...rest);
  return leads === resolve(path) ? path : leads;
}

async function lastThatExists(path: string): Promise<{ real: string; rest: string[] }> {
  const rest: string[] = [];
  for (let at = path; ; at = dirname(at)) {
    try {
      return { real: await realpath(at), rest };
    } catch (error) {
      if (errorCode(error) !== 'ENOENT' || at === dirname(at))
        throw fileError(error, at, 'write to directory');
      rest.unshift(basename(at));
    }
  }
}

async function requireTrusted(directory: string): Promise<void> {
  const { uid, mode } = await stat(directory).catch((error: unknown) => {
    throw fileError(error, directory, 'write to directory');
  });
  if (!trustedUsers().includes(uid)) {
    throw new UnsafeError(`${directory} belongs to user ${uid}, who could swap the sealed file`, {
      remedy: REMEDY,
    });
  }
  if ((mode & 0o002) !== 0 && (mode & 0o1000) === 0) {
    throw new UnsafeError(`${directory} can be changed by everybody, who could swap the sealed file`, {
      remedy: REMEDY,
    });
  }
}

function trustedUsers(): number[] {
  const self = process.getuid?.() ?? ROOT;
  const sudo = process.env['SUDO_UID'] ?? '';
  // believed of root only: nobody else can have it set by sudo
  return [ROOT, self, ...(self === ROOT && /^\d+$/.test(sudo) ? [Number(sudo)] : [])];
}
