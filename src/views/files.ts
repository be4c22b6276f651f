import type { FileDescriptor } from '../checkpoint/descriptors.js';
import { openFlagNames } from '../checkpoint/names/flags.js';
import { fileTypeName } from '../checkpoint/names/kernel.js';
import { jsonNumber, treeByProcess, type View, words } from './view.js';

export type FilesRow = {
  readonly pid: number;
  readonly fd: number | string;
  readonly type: string;
  readonly path: string;
  readonly deleted: boolean;
  readonly detail: string;
  readonly flags: readonly string[];
  readonly position: number | string | null;
  readonly size: number | string | null;
  readonly kind: string | null;
  readonly mode: string | null;
  readonly closeOnExec: boolean;
  readonly locks: readonly string[];
  readonly peers: readonly { readonly pid: number; readonly fd: number }[];
  readonly fileId: number;
};

/** Open files of every kind, with what is particular about each. */
export const filesView: View<FilesRow> = {
  name: 'files',
  summary: 'open files of every kind',
  examples: [
    'coldcase files checkpoint.tar --filter deleted=true',
    'coldcase files checkpoint.tar -p 1 --filter type=PIPE --wide',
  ],
  tab: { title: 'files', pages: ['process'], empty: 'no open files' },
  columns: [
    { key: 'pid', header: 'PID', align: 'right', about: 'process id' },
    {
      key: 'fd',
      header: 'FD',
      align: 'right',
      text: (row) => `${row.fd}${accessLetter(row)}`,
      about: 'number of the descriptor; cwd or root for the directories',
    },
    {
      key: 'type',
      header: 'TYPE',
      about:
        "CRIU's name for the kind: REG, PIPE, FIFO, INETSK, UNIXSK, PACKETSK, NETLINKSK, EVENTFD, EVENTPOLL, INOTIFY, FANOTIFY, SIGNALFD, TIMERFD, MEMFD, TTY, NS, TUNF, BPFMAP, PIDFD, EXT",
    },
    {
      key: 'path',
      header: 'PATH',
      squeeze: 1,
      text: ({ path, deleted }) => words(path, deleted && '(deleted)'),
      alert: ({ deleted }) => deleted,
      about: 'its path, or what /proc/PID/fd shows of files without one',
    },
    { key: 'deleted', header: 'DELETED', wide: true, about: 'whether that path was deleted' },
    {
      key: 'position',
      header: 'OFFSET',
      align: 'right',
      wide: true,
      about: 'where the next read or write goes, in bytes',
    },
    { key: 'size', header: 'SIZE', align: 'right', about: 'size in bytes, where the image has it' },
    {
      key: 'detail',
      header: 'DETAIL',
      squeeze: 2,
      text: (row) => detailText(row),
      about: 'what is particular about it, in words',
    },
    {
      key: 'flags',
      header: 'FLAGS',
      wide: true,
      text: ({ flags }) => flags.join('|'),
      about: 'flags of open(2)',
    },
    {
      key: 'kind',
      header: 'KIND',
      wide: true,
      about: 'file, directory, character device and so on, of files with a path',
    },
    { key: 'mode', header: 'MODE', wide: true, about: 'permission bits in octal' },
    { key: 'closeOnExec', header: 'CLOEXEC', wide: true, about: 'whether it closes on exec' },
    {
      key: 'locks',
      header: 'LOCKS',
      wide: true,
      text: ({ locks }) => locks.join('; '),
      about: 'locks that it holds',
    },
    {
      key: 'peers',
      header: 'PEERS',
      wide: true,
      text: ({ peers }) => peersText(peers),
      about: 'pid and fd of the other ends of a pipe, at most 16',
    },
    {
      key: 'fileId',
      header: 'ID',
      align: 'right',
      wide: true,
      about: "CRIU's id: the same for descriptors that share offset and flags",
    },
  ],
  async rows(checkpoint, { pid }) {
    const chosen = new Set((await checkpoint.select(pid)).map((process) => process.pid));
    return (await checkpoint.descriptors()).filter((file) => chosen.has(file.pid)).map(filesRow);
  },
  tree: (rows) => treeByProcess(rows, ({ pid }) => `[${pid}]`, filesLabel),
};

/** `12u REG /tmp/ghost.log (deleted), deleted, contents in the archive` */
export function filesLabel(row: FilesRow): string {
  const detail = detailText(row);
  const path = words(row.path, row.deleted && '(deleted)');
  return `${row.fd}${accessLetter(row)} ${row.type} ${path}${detail === '' ? '' : `: ${detail}`}`;
}

function filesRow(file: FileDescriptor): FilesRow {
  return {
    pid: file.pid,
    fd: file.fd,
    type: file.type,
    path: file.path,
    deleted: file.deleted,
    detail: file.detail,
    flags: file.flags === undefined ? [] : openFlagNames(file.flags),
    position: file.position === undefined ? null : jsonNumber(file.position),
    size: file.size === undefined ? null : jsonNumber(file.size),
    kind: file.mode === undefined ? null : fileTypeName(file.mode),
    mode: file.mode === undefined ? null : (file.mode & 0o7777).toString(8).padStart(4, '0'),
    closeOnExec: file.closeOnExec,
    locks: file.locks,
    peers: file.peers,
    fileId: file.fileId,
  };
}

/** As lsof marks descriptors: r, w, u for both. */
function accessLetter({ fd, flags }: FilesRow): string {
  if (typeof fd !== 'number') return '';
  const [access] = flags;
  return access === 'O_RDONLY' ? 'r' : access === 'O_WRONLY' ? 'w' : access === 'O_RDWR' ? 'u' : '';
}

function detailText({ detail, locks, peers }: FilesRow): string {
  const parts = [detail, ...locks.map((lock) => `lock ${lock}`)];
  if (peers.length > 0) parts.push(`other end ${peersText(peers)}`);
  return parts.filter((part) => part !== '').join(', ');
}

function peersText(peers: FilesRow['peers']): string {
  return peers.map(({ pid, fd }) => `${pid}/${fd}`).join(' ');
}
