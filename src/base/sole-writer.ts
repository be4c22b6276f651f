import { constants } from 'node:fs';
import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { errorCode } from './file-errors.js';

const ROOT = 0;
const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

/** A file that nobody else could have written, held open; or who else could. */
export type OwnFile =
  | { readonly ok: true; readonly path: string; readonly handle: FileHandle }
  | { readonly ok: false; readonly why: string };

/**
 * Who besides root and this user could put something else into a directory: every directory from the root down to
 * it must belong to one of the two, and be writable by nobody else. One on the way may be, if it is sticky as `/tmp`
 * is: there others can neither rename nor remove what is not theirs. ACLs count, for their mask is shown as the
 * group's bits (acl(5)).
 *
 * @param directory - without links on the way, as realpath gives it
 * @param stickyToo - whether the directory itself may be sticky too: enough for a name in it that is ours and there
 * @returns undefined when nobody else can; else one line saying where and who
 */
export async function whoElseWrites(directory: string, stickyToo = false): Promise<string | undefined> {
  for (let at = directory; ; at = dirname(at)) {
    const { uid, mode } = await stat(at);
    if (!isOurs(uid)) return `${at} belongs to user ${uid}`;
    const safeForNames = (stickyToo || at !== directory) && (mode & STICKY) !== 0;
    if ((mode & WRITABLE_BY_OTHERS) !== 0 && !safeForNames) return `${at} may be written by others`;
    if (at === dirname(at)) return undefined;
  }
}

/**
 * Opens a regular file for reading if nobody else could have written it, or put it there. Links on the way are
 * followed once, before; the file itself may be none.
 */
export async function openOwnFile(path: string): Promise<OwnFile> {
  let handle: FileHandle | undefined;
  try {
    const directory = await realpath(dirname(resolve(path)));
    const others = await whoElseWrites(directory);
    if (others !== undefined) return { ok: false, why: others };
    const real = join(directory, basename(path));
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
    handle = await open(real, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const found = await handle.stat();
    const why = !found.isFile()
      ? `${real} is no regular file`
      : !isOurs(found.uid)
        ? `${real} belongs to user ${found.uid}`
        : (found.mode & WRITABLE_BY_OTHERS) !== 0
          ? `${real} may be written by others`
          : undefined;
    if (why === undefined) return { ok: true, path: real, handle };
    await handle.close();
    return { ok: false, why };
  } catch (error) {
    await handle?.close();
    const code = errorCode(error);
    if (code === undefined) throw error;
    if (code === 'ELOOP') return { ok: false, why: `${path} is a symbolic link` };
    return { ok: false, why: `${path}: ${code === 'ENOENT' ? 'not there' : code}` };
  }
}

function isOurs(uid: number): boolean {
  return uid === ROOT || uid === process.getuid?.();
}
