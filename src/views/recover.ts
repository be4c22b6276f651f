import { formatSize, formatTime } from '../base/units.js';
import type { Recovered } from '../recover/recovered.js';
import type { Question } from './view.js';

/** What `recover` prints of an object. */
export type RecoveredRow = {
  readonly kind: string;
  readonly name: string;
  readonly size: number;
  readonly sha256: string | null;
  readonly uid: number | null;
  readonly gid: number | null;
  readonly mode: string | null;
  readonly modified: string | null;
  readonly holders: readonly { readonly pid: number; readonly comm: string; readonly by: string }[];
  readonly image: string;
  readonly path: string | null;
};

/** What no file system has any more: `recoveredRow` makes the row of each object. */
export const recoverQuestion: Question<RecoveredRow> = {
  name: 'recover',
  summary: 'what exists in no file system any more: deleted files, memfds, unread data, tmpfs',
  about: `Lists, and with -C or --tar writes: files that were deleted while open, mapped or running; memfds and shared memory; data in
pipes, sockets and TCP connections that nobody had read, or acknowledged; files on tmpfs; System V shared memory and
messages. -C writes them as files, 0600, under safe names; holes stay holes. --tar writes them as a tar, under the same
names, with owner, permissions and times; its first entry, recovered.json, is the listing, with what could not be
recovered. It needs no disk: piped into seal, nothing is written that is not encrypted.`,
  examples: [
    'coldcase recover evidence.tar.zst.age -i key.txt',
    'coldcase recover checkpoint.tar -C recovered',
    'coldcase recover evidence.tar.zst.age -i key.txt --tar - | coldcase seal - -r age1... -o recovered.tar.zst.age',
  ],
  columns: [
    {
      ...{ key: 'kind', header: 'KIND' },
      about:
        'deleted-file, deleted-executable, memfd, shared-memory (anonymous), pipe-data, socket-data, tcp-received, tcp-sent, tmpfs-file, posix-shm, sysv-shm or sysv-message',
    },
    { key: 'name', header: 'NAME', squeeze: 1, about: 'path, name or address, as the processes knew it' },
    {
      key: 'size',
      header: 'SIZE',
      align: 'right',
      about: 'bytes, holes included',
      text: ({ size }) => formatSize(size),
    },
    {
      ...{ key: 'uid', header: 'OWNER', about: "the owner's user id; null for what has none" },
      text: ({ uid, gid }) => (uid === null ? '' : `${uid}:${gid}`),
    },
    {
      ...{ key: 'holders', header: 'HELD BY', squeeze: 3, text: holdersText },
      about: 'who has it: pid, comm, and by: number of a descriptor, cwd, root, exe or map',
    },
    {
      key: 'sha256',
      header: 'SHA-256',
      squeeze: 2,
      about: 'of its contents; null with more than 4 GiB of holes',
    },
    {
      key: 'path',
      header: 'EXTRACTED TO',
      wide: true,
      about: 'where it was written, below -C or in --tar; null without',
    },
    { key: 'gid', header: 'GID', wide: true, about: "the owner's group id" },
    { key: 'mode', header: 'MODE', wide: true, about: 'permission bits in octal' },
    { key: 'modified', header: 'MODIFIED', wide: true, about: 'last modification' },
    { key: 'image', header: 'IMAGE', wide: true, about: 'entry of the archive that holds it' },
  ],
};

function holdersText({ holders }: RecoveredRow): string {
  return holders.map(({ pid, by }) => (/^\d+$/.test(by) ? `${pid} fd ${by}` : `${pid} ${by}`)).join(', ');
}

/** @param path - where the object was written to, if it was */
export function recoveredRow(
  object: Recovered,
  sha256: string | undefined,
  path: string | undefined,
): RecoveredRow {
  const { kind, name, size, owner, mode, mtime, holders, image } = object;
  return {
    ...{ kind, name, size, sha256: sha256 ?? null, uid: owner?.uid ?? null, gid: owner?.gid ?? null },
    mode: mode === undefined ? null : mode.toString(8).padStart(4, '0'),
    modified: mtime === undefined ? null : timeText(mtime),
    holders: holders.map(({ pid, comm, by }) => ({ pid, comm, by: String(by) })),
    ...{ image, path: path ?? null },
  };
}

function timeText(seconds: number): string | null {
  const time = new Date(seconds * 1000);
  return Number.isNaN(time.getTime()) ? null : formatTime(time);
}
