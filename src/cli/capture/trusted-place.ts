import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { UnsafeError } from '../../base/errors.js';
import { errorCode, fileError } from '../../base/files.js';

const ROOT = 0;

/** Where a path leads, and who could put something else there although not everybody can. */
export interface TrustedPlace {
  /** As given when no link is on the way, otherwise the one that it leads to. */
  readonly path: string;
  /** A line about each directory that belongs to somebody else. */
  readonly doubts: readonly string[];
}

/**
 * Where a path leads, once it is sure that not just anybody can put something else there: once the original is
 * removed, the sealed file is all there is. Links on the way are followed now and not again, and every directory from
 * the root down to the last one that exists is looked at, as sshd does with authorized_keys: none may be writable by
 * everybody unless it is sticky, where others can neither rename nor remove what is not theirs. One that belongs to
 * a user other than root, this one and whoever ran sudo was chosen by somebody, as a group that may write was: that
 * is said, with what to compare.
 *
 * @param path - of a directory that need not be there yet
 * @throws UnsafeError when everybody may write to a directory on the way
 */
export async function trustedPlace(path: string): Promise<TrustedPlace> {
  const { real, rest } = await lastThatExists(resolve(path));
  const doubts: string[] = [];
  for (let directory = real; ; directory = dirname(directory)) {
    doubts.push(...(await doubtsAbout(directory)));
    if (directory === dirname(directory)) break;
  }
  const leads = join(real, ...rest);
  return { path: leads === resolve(path) ? path : leads, doubts };
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

async function doubtsAbout(directory: string): Promise<string[]> {
  const { uid, mode } = await stat(directory).catch((error: unknown) => {
    throw fileError(error, directory, 'write to directory');
  });
  if ((mode & 0o002) !== 0 && (mode & 0o1000) === 0) {
    throw new UnsafeError(`${directory} can be changed by everybody, who could swap the sealed file`, {
      remedy: 'name a directory of your own, or keep the archive on the node with --keep-original',
    });
  }
  if (trustedUsers().includes(uid)) return [];
  return [
    `${directory} belongs to user ${uid}, who could swap the sealed file: keep the receipt's hash elsewhere`,
  ];
}

function trustedUsers(): number[] {
  const self = process.getuid?.() ?? ROOT;
  const sudo = process.env['SUDO_UID'] ?? '';
  // believed of root only: nobody else can have it set by sudo
  return [ROOT, self, ...(self === ROOT && /^\d+$/.test(sudo) ? [Number(sudo)] : [])];
}
