import { decodeText } from '../base/text.js';
import type { FileEntry } from '../criu/schema/fdinfo.js';
import type { MemfdInodeEntry, RemapFilePathEntry } from '../criu/schema/files.js';
import type { UnixSkEntry } from '../criu/schema/sockets.js';
import type { TtyInfoEntry } from '../criu/schema/tty.js';
import type { Images } from './images.js';

/** Every open file of the checkpoint by CRIU's id, with what other images say of it. */
export interface FileTable {
  readonly files: ReadonlyMap<number, FileEntry>;
  /** What memfds are called, by inode. */
  readonly memfds: ReadonlyMap<bigint, MemfdInodeEntry>;
  readonly terminals: ReadonlyMap<number, TtyInfoEntry>;
  /** Files whose path was deleted, or lies in the directory of a dead process under /proc. */
  readonly remaps: ReadonlyMap<number, RemapFilePathEntry>;
}

/** Reads files.img and its companions; of CRIU before 3.3, the image of each kind of file. */
export async function readFileTable(images: Images): Promise<FileTable> {
  const files = await images.entries('FILES', 'files');
  const older = files.length > 0 ? [] : await olderFiles(images);
  const memfds = await images.entries('MEMFD_INODE', 'memfd');
  const terminals = await images.entries('TTY_INFO', 'tty-info');
  const remaps = await images.entries('REMAP_FPATH', 'remap-fpath');
  return {
    files: new Map([...files, ...older].map((file) => [file.id, file])),
    memfds: new Map(memfds.map((memfd) => [memfd.inode_id, memfd])),
    terminals: new Map(terminals.map((terminal) => [terminal.id, terminal])),
    remaps: new Map(remaps.map((remap) => [remap.orig_id, remap])),
  };
}

async function olderFiles(images: Images): Promise<readonly FileEntry[]> {
  const lists: readonly (readonly FileEntry[])[] = [
    (await images.entries('REG_FILES', 'reg-files')).map((reg) => ({ type: 'REG', id: reg.id, reg })),
    (await images.entries('PIPES', 'pipes')).map((pipe) => ({ type: 'PIPE', id: pipe.id, pipe })),
    (await images.entries('FIFO', 'fifo')).map((fifo) => ({ type: 'FIFO', id: fifo.id, fifo })),
    (await images.entries('INETSK', 'inetsk')).map((isk) => ({ type: 'INETSK', id: isk.id, isk })),
    (await images.entries('UNIXSK', 'unixsk')).map((usk) => ({ type: 'UNIXSK', id: usk.id, usk })),
    (await images.entries('PACKETSK', 'packetsk')).map((psk) => ({ type: 'PACKETSK', id: psk.id, psk })),
    (await images.entries('NETLINK_SK', 'netlinksk')).map((nlsk) => ({
      type: 'NETLINKSK',
      id: nlsk.id,
      nlsk,
    })),
    (await images.entries('EVENTFD_FILE', 'eventfd')).map((efd) => ({ type: 'EVENTFD', id: efd.id, efd })),
    (await images.entries('EVENTPOLL_FILE', 'eventpoll')).map((epfd) => ({
      type: 'EVENTPOLL',
      id: epfd.id,
      epfd,
    })),
    (await images.entries('SIGNALFD', 'signalfd')).map((sgfd) => ({ type: 'SIGNALFD', id: sgfd.id, sgfd })),
    (await images.entries('INOTIFY_FILE', 'inotify')).map((ify) => ({ type: 'INOTIFY', id: ify.id, ify })),
    (await images.entries('FANOTIFY_FILE', 'fanotify')).map((ffy) => ({ type: 'FANOTIFY', id: ffy.id, ffy })),
    (await images.entries('TIMERFD', 'timerfd')).map((tfd) => ({ type: 'TIMERFD', id: tfd.id, tfd })),
    (await images.entries('TTY_FILES', 'tty')).map((tty) => ({ type: 'TTY', id: tty.id, tty })),
    (await images.entries('NS_FILES', 'ns-files')).map((nsf) => ({ type: 'NS', id: nsf.id, nsf })),
    (await images.entries('TUNFILE', 'tunfile')).map((tunf) => ({ type: 'TUNF', id: tunf.id, tunf })),
    (await images.entries('EXT_FILES', 'ext-files')).map((ext) => ({ type: 'EXT', id: ext.id, ext })),
  ];
  return lists.flat();
}

/** What a regular file, a mapping or an executable is called, and whether that path was deleted. */
export interface FilePath {
  readonly path: string;
  readonly deleted: boolean;
}

/** The path of a file with a name in the file system, or of a memfd; undefined for others and unknown ids. */
export function filePath(table: FileTable, id: number): FilePath | undefined {
  const file = table.files.get(id);
  if (file?.reg !== undefined) {
    const remap = table.remaps.get(id);
    return { path: file.reg.name, deleted: remap !== undefined && remap.remap_type !== 'PROCFS' };
  }
  if (file?.memfd !== undefined) return { path: memfdName(table, file.memfd.inode_id), deleted: false };
  return undefined;
}

/** As /proc shows memfds. CRIU also writes shared anonymous memory as a memfd, of the name that the kernel gives it. */
export function memfdName(table: FileTable, inode: number): string {
  const name = table.memfds.get(BigInt(inode))?.name;
  if (name === undefined) return '/memfd:';
  return name === '/dev/zero' ? name : `/memfd:${name}`;
}

/**
 * The address of a unix socket: a path, `@` and a name for the abstract ones (whose first byte is NUL), undefined
 * when it has none. NULs in abstract names stay.
 */
export function unixAddress(socket: UnixSkEntry): string | undefined {
  const { name } = socket;
  if (name.length === 0) return undefined;
  if (name[0] === 0) return `@${decodeText(name.subarray(1))}`;
  const end = name.indexOf(0);
  const path = decodeText(end < 0 ? name : name.subarray(0, end));
  return socket.name_dir === undefined || path.startsWith('/') ? path : `${socket.name_dir}/${path}`;
}
