import type { ArchiveEntry, EntryType } from '../archive/archive.js';
import { modeText } from '../archive/mode.js';
import { selectEntries } from '../archive/select.js';
import { formatTime } from '../base/units.js';
import type { Column, Row } from '../render/table.js';
import { type ArchiveOptions, addArchiveArgument, withArchive } from './archive-options.js';
import type { CommandModule } from './command.js';
import { addOutputOptions, type OutputOptions, printRows } from './output.js';

/** What `ls` prints of an entry; documented in its help. */
export interface LsRow extends Row {
  readonly name: string;
  readonly type: EntryType;
  readonly size: number;
  /** Octal, four digits. */
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  readonly owner: string;
  readonly group: string;
  /** ISO 8601 UTC; null for times that no calendar has. */
  readonly mtime: string | null;
  readonly link: string | null;
  readonly device: string | null;
}

const COLUMNS: readonly Column<LsRow>[] = [
  { key: 'mode', header: 'MODE', text: (row) => modeText(row.type, Number.parseInt(row.mode, 8)) },
  { key: 'uid', header: 'OWNER', text: (row) => `${row.owner || row.uid}/${row.group || row.gid}` },
  { key: 'size', header: 'SIZE', align: 'right', text: (row) => row.device ?? String(row.size) },
  { key: 'mtime', header: 'MODIFIED' },
  { key: 'name', header: 'NAME', text: (row) => row.name + linkText(row) },
  { key: 'type', header: 'TYPE', wide: true },
  { key: 'gid', header: 'GID', wide: true },
  { key: 'owner', header: 'USER', wide: true },
  { key: 'group', header: 'GROUP', wide: true },
  { key: 'link', header: 'LINK', wide: true },
  { key: 'device', header: 'DEVICE', wide: true },
];

export const lsCommand: CommandModule = {
  configure: (command) => {
    addOutputOptions(addArchiveArgument(command))
      .argument(
        '[pattern...]',
        'only entries of these names; * ? ** as in a shell, ENTRY//PATTERN looks into a tar',
      )
      .addHelpText('after', HELP)
      .action(list);
  },
};

async function list(
  location: string,
  patterns: readonly string[],
  options: ArchiveOptions & OutputOptions,
): Promise<void> {
  await withArchive(location, options, async (archive) => {
    const rows: LsRow[] = [];
    for (const pattern of patterns.length === 0 ? [''] : patterns) {
      for (const { entry, path } of await selectEntries(archive, pattern)) rows.push(lsRow(entry, path));
    }
    await printRows({ columns: COLUMNS, rows }, options);
  });
}

function lsRow(entry: ArchiveEntry, path: string): LsRow {
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

const HELP = `
Fields of --json, one object an entry: name, type (file, directory, symlink, hardlink, character-device,
block-device, fifo, other), size (bytes), mode (octal), uid, gid, owner, group, mtime (ISO 8601 UTC), link, device
(major,minor).

Examples:
  coldcase ls evidence.tar.zst.age -i key.txt
  coldcase ls checkpoint.tar 'checkpoint/*.img'
  coldcase ls checkpoint.tar rootfs-diff.tar//`;
