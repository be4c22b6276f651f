import type { BigIntStats } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { UnsafeError } from '../../base/errors.js';
import { errorCode, fileError } from '../../base/file-errors.js';

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
 * a user other than root, this one and whoever ran sudo, or that a group may write to, was chosen by somebody: that
 * is said, with what to compare.
 *
 * @param path - of a directory that need not be there yet
 * @param refuse - false where the sealed file is not all that will be left: then all of this is only said
 * @throws UnsafeError when everybody may write to a directory on the way
 */
export async function trustedPlace(path: string, refuse = true): Promise<TrustedPlace> {
  const { real, rest } = await lastThatExists(resolve(path));
  const doubts: string[] = [];
  for (let directory = real; ; directory = dirname(directory)) {
    doubts.push(...(await doubtsAbout(directory, refuse)));
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

async function doubtsAbout(directory: string, refuse: boolean): Promise<string[]> {
  const { uid, gid, mode } = await stat(directory).catch((error: unknown) => {
    throw fileError(error, directory, 'write to directory');
  });
  const sticky = (mode & 0o1000) !== 0;
  const byAll = (mode & 0o002) !== 0 && !sticky;
  if (byAll && refuse) {
    throw new UnsafeError(`${directory} can be changed by everybody, who could swap the sealed file`, {
      remedy: 'name a directory of your own, or keep the archive on the node with --keep-original',
    });
  }
  const others: string[] = [];
  if (!trustedUsers().includes(uid)) others.push(`belongs to user ${uid}`);
  if (byAll) others.push('can be changed by everybody');
  // An access control list that lets others write shows in the group's bits as well (acl(5)).
  else if ((mode & 0o020) !== 0 && !sticky) others.push(`can be changed by group ${gid}`);
  if (others.length === 0) return [];
  return [
    `${directory} ${others.join(' and ')}, who could swap the sealed file: keep the receipt's hash elsewhere`,
  ];
}

/** What `stat` says of a file, as far as it tells who can write to it. */
type FileRights = Pick<BigIntStats, 'uid' | 'gid' | 'mode' | 'nlink'>;

/**
 * Who could cut or overwrite a sealed file that is all there will be, where it lies. A sticky directory keeps others
 * from what is ours only: in one a file of theirs is as good as in everybody's hands.
 *
 * @returns a line about each that belongs to somebody else
 * @throws UnsafeError when everybody could
 */
export async function doubtsAboutFile(
  path: string,
  { uid, gid, mode, nlink }: FileRights,
): Promise<string[]> {
  const strange = !trustedUsers().includes(Number(uid));
  const { mode: above } = await stat(dirname(path)).catch((error: unknown) => {
    throw fileError(error, path, 'look at');
  });
  if ((mode & 0o002n) !== 0n) throw byAnybody(`${path} can be written by everybody, who could cut it`);
  if (strange && (above & 0o002) !== 0) {
    throw byAnybody(`${path} belongs to user ${uid}, in a directory that everybody can write to`);
  }
  const others: string[] = [];
  if (strange) others.push(`belongs to user ${uid}`);
  if ((mode & 0o020n) !== 0n) others.push(`can be written by group ${gid}`);
  if (nlink > 1n) others.push(`has ${nlink - 1n} other names (hard links)`);
  return others.length === 0
    ? []
    : [`${path} ${others.join(' and ')}: keep another copy, or its hash, elsewhere`];
}

function byAnybody(message: string): UnsafeError {
  return new UnsafeError(message, { remedy: 'copy it to a directory of your own, and name that' });
}

function trustedUsers(): number[] {
  const self = process.getuid?.() ?? ROOT;
  const sudo = process.env['SUDO_UID'] ?? '';
  // believed of root only: nobody else can have it set by sudo
  return [ROOT, self, ...(self === ROOT && /^\d+$/.test(sudo) ? [Number(sudo)] : [])];
}
