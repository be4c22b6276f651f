import { formatAddress, formatSize } from '../base/units.js';
import type { Mapping } from '../checkpoint/mappings.js';
import { mapFlagNames } from '../checkpoint/names/flags.js';
import { jsonNumber, treeByProcess, type View, words } from './view.js';

export type MapsRow = {
  readonly pid: number;
  readonly start: string;
  readonly end: string;
  readonly size: number | string;
  readonly perms: string;
  readonly kind: string;
  readonly path: string | null;
  readonly deleted: boolean;
  readonly offset: number | string;
  readonly flags: readonly string[];
};

/** Mappings of each process: what is where, and what may be run and written. */
export const mapsView: View<MapsRow> = {
  name: 'maps',
  summary: 'memory mappings',
  examples: [
    "coldcase maps checkpoint.tar --filter 'perms~^rwx'",
    'coldcase maps checkpoint.tar -p 4 --wide',
  ],
  tab: { title: 'mappings', pages: ['process'], empty: 'no memory: a zombie' },
  columns: [
    { key: 'pid', header: 'PID', align: 'right', about: 'process id' },
    { key: 'start', header: 'START', align: 'right', about: 'first address' },
    { key: 'end', header: 'END', align: 'right', about: 'first address behind it' },
    {
      key: 'size',
      header: 'SIZE',
      align: 'right',
      text: ({ size }) => formatSize(BigInt(size)),
      about: 'size in bytes',
    },
    {
      key: 'perms',
      header: 'PERMS',
      alert: ({ perms }) => perms.startsWith('rwx') || perms.startsWith('-wx'),
      about: 'as in /proc/PID/maps: rwxp, with s for shared and p for private',
    },
    {
      key: 'kind',
      header: 'KIND',
      about:
        'file, anonymous, shared, heap, stack, memfd, sysv-shm, vdso, vvar, vsyscall, socket, aio, shadow-stack, guard, uprobes, plugin or unknown',
    },
    {
      key: 'path',
      header: 'PATH',
      squeeze: 1,
      text: ({ path, deleted }) => words(path, deleted && '(deleted)'),
      alert: ({ deleted }) => deleted,
      about: 'the mapped file',
    },
    { key: 'deleted', header: 'DELETED', wide: true, about: 'whether that path was deleted' },
    {
      key: 'offset',
      header: 'OFFSET',
      align: 'right',
      wide: true,
      about: 'where in the file it begins, in bytes',
    },
    {
      key: 'flags',
      header: 'FLAGS',
      wide: true,
      text: ({ flags }) => flags.join('|'),
      about: 'flags of mmap(2)',
    },
  ],
  async rows(checkpoint, { pid }) {
    const rows: MapsRow[] = [];
    for (const process of await checkpoint.select(pid)) {
      for (const mapping of await checkpoint.mappings(process)) rows.push(mapsRow(mapping));
    }
    return rows;
  },
  tree: (rows) =>
    treeByProcess(
      rows,
      ({ pid }) => `[${pid}]`,
      (row) => words(`${row.start}-${row.end}`, row.perms, row.kind, row.path, row.deleted && '(deleted)'),
    ),
};

function mapsRow(mapping: Mapping): MapsRow {
  return {
    pid: mapping.pid,
    start: formatAddress(mapping.start),
    end: formatAddress(mapping.end),
    size: jsonNumber(mapping.end > mapping.start ? mapping.end - mapping.start : 0n),
    perms: mapping.perms,
    kind: mapping.kind,
    path: mapping.path ?? null,
    deleted: mapping.deleted,
    offset: jsonNumber(mapping.offset),
    flags: mapFlagNames(mapping.flags),
  };
}
