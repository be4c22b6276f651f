import type { FileEntry } from '../criu/schema/fdinfo.js';
import type {
  EventpollFileEntry,
  MemfdFileEntry,
  RegFileEntry,
  SignalfdEntry,
} from '../criu/schema/files.js';
import type { FanotifyFileEntry, InotifyFileEntry } from '../criu/schema/fsnotify.js';
import type { NetlinkSkEntry, UnixSkEntry } from '../criu/schema/sockets.js';
import type { TimerfdEntry } from '../criu/schema/timers.js';
import type { TtyFileEntry } from '../criu/schema/tty.js';
import { type FileTable, filePath, memfdName, unixAddress } from './file-table.js';
import { epollEventNames, fanotifyEventNames, inotifyEventNames, sealNames } from './names/flags.js';
import { clockName, namespaceType } from './names/kernel.js';
import { signalNames } from './names/signals.js';
import { netlinkFamily, socketState, socketType } from './names/sockets.js';
import { inetEndpoints } from './socket-endpoints.js';

/** What an open file is, whoever holds it. Text is untrusted. */
export interface FileDescription {
  /** CRIU's name for the kind: REG, PIPE, INETSK and so on. */
  readonly type: string;
  /** A path, or what /proc/PID/fd would show: `pipe:[1]`, `anon_inode:[eventpoll]`. */
  readonly path: string;
  readonly deleted: boolean;
  /** What is particular about it, in words; empty when there is nothing. */
  readonly detail: string;
  /** Flags of open(2); undefined when the image does not say. */
  readonly flags: number | undefined;
  readonly position: bigint | undefined;
  readonly size: bigint | undefined;
  /** Type and permissions as stat(2) has them; only of files with a path. */
  readonly mode: number | undefined;
}

type Described = { readonly path: string } & {
  -readonly [K in keyof Omit<FileDescription, 'type' | 'path'>]?: FileDescription[K];
};

/** Describes a file of any kind that CRIU knows; one that the schema does not know is shown by its kind and id. */
export function describeFile(table: FileTable, id: number): FileDescription {
  const file = table.files.get(id);
  const described: Described =
    file === undefined ? { path: `file ${id}`, detail: 'not in the images' } : describe(table, file);
  return {
    type: file === undefined ? 'UND' : String(file.type),
    deleted: false,
    detail: '',
    flags: undefined,
    position: undefined,
    size: undefined,
    mode: undefined,
    ...described,
  };
}

function describe(table: FileTable, file: FileEntry): Described {
  if (file.reg) return regular(table, file.reg);
  if (file.pipe)
    return { path: `pipe:[${file.pipe.pipe_id}]`, detail: pipeEnd(file.pipe.flags), flags: file.pipe.flags };
  if (file.fifo) {
    const named = file.fifo.regf_id === undefined ? undefined : filePath(table, file.fifo.regf_id);
    return {
      path: named?.path ?? `pipe:[${file.fifo.pipe_id}]`,
      deleted: named?.deleted ?? false,
      detail: 'named pipe',
    };
  }
  if (file.isk) return { path: `socket:[${file.isk.ino}]`, detail: inetDetail(file), flags: file.isk.flags };
  if (file.usk) return unixSocket(file.usk);
  if (file.nlsk) return netlinkSocket(file.nlsk);
  if (file.psk)
    return {
      path: 'socket:[packet]',
      detail: `packet socket, protocol 0x${file.psk.protocol.toString(16)}`,
      flags: file.psk.flags,
    };
  if (file.efd)
    return { path: 'anon_inode:[eventfd]', detail: `count ${file.efd.counter}`, flags: file.efd.flags };
  if (file.epfd) return epoll(file.epfd);
  if (file.sgfd) return signalfd(file.sgfd);
  if (file.tfd) return timerfd(file.tfd);
  if (file.ify) return inotify(file.ify);
  if (file.ffy) return fanotify(file.ffy);
  if (file.memfd) return memfd(table, file.memfd);
  if (file.tty) return terminal(table, file.tty);
  if (file.nsf) {
    const type = namespaceType(file.nsf.ns_cflag);
    return { path: `${type}:[${file.nsf.ns_id}]`, detail: `${type} namespace`, flags: file.nsf.flags };
  }
  if (file.tunf)
    return {
      path: '/dev/net/tun',
      detail: file.tunf.netdev === undefined ? 'no device' : `device ${file.tunf.netdev}`,
    };
  if (file.bpf) {
    const { map_name, map_type, key_size, value_size, max_entries, flags } = file.bpf;
    const detail = `map ${map_name}, type ${map_type}, keys of ${key_size} and values of ${value_size} bytes, at most ${max_entries}`;
    return { path: 'anon_inode:bpf-map', detail, flags };
  }
  if (file.pidfd)
    return { path: 'anon_inode:[pidfd]', detail: `process ${file.pidfd.nspid}`, flags: file.pidfd.flags };
  if (file.ext) return { path: `external file ${file.id}`, detail: 'provided from outside of the container' };
  return { path: `file ${file.id}`, detail: 'of a kind that this version does not know' };
}

function regular(table: FileTable, reg: RegFileEntry): Described {
  const deleted = filePath(table, reg.id)?.deleted ?? false;
  const remap = table.remaps.get(reg.id)?.remap_type;
  const detail = deleted
    ? remap === 'GHOST'
      ? 'contents in the archive'
      : 'another link to it is left'
    : remap === 'PROCFS'
      ? 'of a dead process'
      : reg.ext === true
        ? 'provided from outside of the container'
        : '';
  return {
    path: reg.name,
    deleted,
    detail,
    flags: reg.flags,
    position: reg.pos,
    size: reg.size,
    mode: reg.mode,
  };
}

/** Which end of a pipe flags of open(2) make of it. */
export function pipeEnd(flags: number): string {
  return ['read end', 'write end', 'both ends'][flags & 3] ?? 'end';
}

function inetDetail(file: FileEntry): string {
  if (file.isk === undefined) return '';
  const { protocol, local, remote } = inetEndpoints(file.isk);
  const ends = remote === undefined ? local : `${local} -> ${remote}`;
  return `${protocol} ${socketState(file.isk.state)} ${ends}`;
}

function unixSocket(socket: UnixSkEntry): Described {
  const address = unixAddress(socket);
  const detail = `unix ${socketType(socket.type)} ${socketState(socket.state)}`;
  return {
    path: address ?? `socket:[${socket.ino}]`,
    deleted: socket.deleted === true,
    detail,
    flags: socket.flags,
    mode: socket.file_perms?.mode,
  };
}

function netlinkSocket(socket: NetlinkSkEntry): Described {
  const detail = `${netlinkFamily(socket.protocol)} port ${socket.portid}`;
  return { path: `socket:[${socket.ino}]`, detail, flags: socket.flags };
}

function epoll(file: EventpollFileEntry): Described {
  const targets = file.tfd.map(({ tfd, events }) => `fd ${tfd} ${epollEventNames(events).join('|')}`);
  return { path: 'anon_inode:[eventpoll]', detail: `watches ${list(targets)}`, flags: file.flags };
}

function signalfd(file: SignalfdEntry): Described {
  return { path: 'anon_inode:[signalfd]', detail: list(signalNames(file.sigmask)), flags: file.flags };
}

function timerfd(file: TimerfdEntry): Described {
  const seconds = (whole: bigint, nanoseconds: bigint): string =>
    `${Number(whole) + Number(nanoseconds) / 1e9} s`;
  const armed = file.vsec !== 0n || file.vnsec !== 0n;
  const repeats = file.isec !== 0n || file.insec !== 0n;
  const detail = [
    clockName(file.clockid),
    armed ? `fires in ${seconds(file.vsec, file.vnsec)}` : 'not armed',
    ...(repeats ? [`every ${seconds(file.isec, file.insec)}`] : []),
    ...(file.ticks === 0n ? [] : [`${file.ticks} expirations not read`]),
  ].join(', ');
  return { path: 'anon_inode:[timerfd]', detail, flags: file.flags };
}

function inotify(file: InotifyFileEntry): Described {
  const watches = file.wd.map(({ i_ino, f_handle, mask }) => {
    const what = f_handle.path ?? `inode ${i_ino}`;
    return `${what} ${inotifyEventNames(mask).join('|')}`;
  });
  return { path: 'anon_inode:inotify', detail: `watches ${list(watches)}`, flags: file.flags };
}

function fanotify(file: FanotifyFileEntry): Described {
  const marks = file.mark.map(({ ie, me, mask }) => {
    const what =
      me === undefined ? `inode ${ie?.f_handle.path ?? ie?.i_ino ?? '?'}` : `mount ${me.path ?? me.mnt_id}`;
    return `${what} ${fanotifyEventNames(mask).join('|')}`;
  });
  return { path: 'anon_inode:[fanotify]', detail: `watches ${list(marks)}`, flags: file.flags };
}

function memfd(table: FileTable, file: MemfdFileEntry): Described {
  const inode = table.memfds.get(BigInt(file.inode_id));
  const seals = inode === undefined ? [] : sealNames(inode.seals);
  return {
    path: memfdName(table, file.inode_id),
    detail: seals.length === 0 ? 'memory file' : `memory file, ${seals.join(' ')}`,
    flags: file.flags,
    position: file.pos,
    size: inode?.size,
    mode: inode?.mode,
  };
}

function terminal(table: FileTable, file: TtyFileEntry): Described {
  const info = table.terminals.get(file.tty_info_id);
  const named = file.regf_id === undefined ? undefined : filePath(table, file.regf_id);
  const pty = info?.pty === undefined ? undefined : `/dev/pts/${info.pty.index}`;
  const size = info?.winsize === undefined ? [] : [`${info.winsize.ws_col}x${info.winsize.ws_row}`];
  const session = info === undefined || info.sid === 0 ? [] : [`session ${info.sid}`];
  return {
    path: named?.path ?? pty ?? '/dev/tty',
    deleted: named?.deleted ?? false,
    detail: ['terminal', ...session, ...size].join(', '),
    flags: file.flags,
  };
}

/** At most ten items: files are described for people, `decode` has them all. */
function list(items: readonly string[]): string {
  if (items.length === 0) return 'nothing';
  const shown = items.slice(0, 10).join(', ');
  return items.length > 10 ? `${shown} and ${items.length - 10} more` : shown;
}
