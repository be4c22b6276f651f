import type { ArchiveEntry, EntryType } from '../archive/archive.js';
import { modeText } from '../archive/mode.js';
import { formatTime } from '../base/units.js';
import type { Question } from './view.js';

export type LsRow = {
  readonly name: string;
  readonly type: EntryType;
  readonly size: number;
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  readonly owner: string;
  readonly group: string;
  readonly mtime: string | null;
  readonly link: string | null;
  readonly device: string | null;
};

/** The entries of an archive, or of one in it: `lsRow` makes the row of each. */
export const lsQuestion: Question<LsRow> = {
  name: 'ls',
  summary: 'list the entries of an archive',
  examples: [
    'coldcase ls evidence.tar.zst.age -i key.txt',
    "coldcase ls checkpoint.tar 'checkpoint/*.img'",
    'coldcase ls checkpoint.tar rootfs-diff.tar//',
  ],
  columns: [
    {
      key: 'mode',
      header: 'MODE',
      text: (row) => modeText(row.type, Number.parseInt(row.mode, 8)),
      about: 'permission bits in octal, four digits',
    },
    {
      key: 'uid',
      header: 'OWNER',
      text: (row) => `${row.owner || row.uid}/${row.group || row.gid}`,
      about: "the owner's user id",
    },
    {
      key: 'size',
      header: 'SIZE',
      align: 'right',
      text: (row) => row.device ?? String(row.size),
      about: 'size in bytes',
    },
    { key: 'mtime', header: 'MODIFIED', about: 'last modification; null for a time that no calendar has' },
    { key: 'name', header: 'NAME', text: (row) => row.name + linkText(row), about: 'its path' },
    {
      key: 'type',
      header: 'TYPE',
      wide: true,
      about: 'file, directory, symlink, hardlink, character-device, block-device, fifo or other',
    },
    { key: 'gid', header: 'GID', wide: true, about: "the owner's group id" },
    { key: 'owner', header: 'USER', wide: true, about: "the owner's name, where the tar has it" },
    { key: 'group', header: 'GROUP', wide: true, about: "the group's name, where the tar has it" },
    { key: 'link', header: 'LINK', wide: true, about: 'what a link leads to' },
    { key: 'device', header: 'DEVICE', wide: true, about: 'major,minor of a device' },
  ],
};

/** @param path - what it is called here: the entry's name, behind the names of the archives that it is in */
export function lsRow(entry: ArchiveEntry, path: string): LsRow {
  const time = new Date(entry.mtime * 1000);
  return {
    name: path,
    type: entry.type,
    size: entry.size,
    mode: entry.mode.toString(8).padStart(4, '0'),
    uid: entry.uid,
    gid: entry.gid,
    owner: entry.uname,
    group: entry.gname,
    mtime: Number.isNaN(time.getTime()) ? null : formatTime(time),
    link: entry.linkName ?? null,
    device: entry.device === undefined ? null : `${entry.device.major},${entry.device.minor}`,
  };
}

function linkText(row: LsRow): string {
  if (row.link === null) return '';
  return row.type === 'hardlink' ? ` link to ${row.link}` : ` -> ${row.link}`;
}
