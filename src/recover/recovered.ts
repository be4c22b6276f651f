import { encodeText } from '../base/text.js';
import type { ByteSource } from '../bytes/source.js';

/** What a recovered object was. */
export type RecoveredKind =
  /** A file that was deleted while processes had it open or mapped. */
  | 'deleted-file'
  /** The deleted file that a process runs. */
  | 'deleted-executable'
  /** Memory with a name and no file system: memfd_create(2). */
  | 'memfd'
  /** Anonymous memory shared between processes. */
  | 'shared-memory'
  /** Data in a pipe or FIFO that nobody has read. */
  | 'pipe-data'
  /** Packets in a unix, netlink or datagram socket that nobody has read. */
  | 'socket-data'
  /** Data received on a TCP connection that nobody has read. */
  | 'tcp-received'
  /** Data sent on a TCP connection that the other end has not acknowledged. */
  | 'tcp-sent'
  /** A file on a tmpfs. */
  | 'tmpfs-file'
  /** A file on the tmpfs of POSIX shared memory: shm_open(3). */
  | 'posix-shm'
  | 'sysv-shm'
  | 'sysv-message';

/** Who has an object: a descriptor's number, or how else it is held. */
export interface Holder {
  readonly pid: number;
  readonly comm: string;
  readonly by: number | 'cwd' | 'root' | 'exe' | 'map';
}

/** A run of bytes that an object has; outside of the runs it is zeros. */
export interface DataRun {
  readonly offset: number;
  readonly length: number;
}

/** Something that was in memory only when the container was checkpointed. Text is untrusted. */
export interface Recovered {
  readonly kind: RecoveredKind;
  /** Path, name or address, as the processes knew it. */
  readonly name: string;
  /** Bytes, holes included. */
  readonly size: number;
  /** Permission bits; undefined for what has none. */
  readonly mode: number | undefined;
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  /** Last modification, seconds since 1970 UTC. */
  readonly mtime: number | undefined;
  readonly holders: readonly Holder[];
  /** The entry of the archive that holds it. */
  readonly image: string;
  /** A relative path to write it to: made of safe names, but not unique. */
  readonly path: string;
  /** Where its bytes are; undefined when all of it is. Anything else reads as zeros. */
  readonly runs: readonly DataRun[] | undefined;
  /** Its contents. */
  open(): ByteSource;
}

const MAX_NAME = 200;

/**
 * A path below a directory of its kind, of names that lead nowhere else and that any file system takes that takes bytes:
 * those that are no UTF-8 stay.
 */
export function safePath(directory: string, path: string): string {
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  return [directory, ...names.map(safeName)].join('/');
}

/** One name: no slash, no control characters, not `..`, not too long. */
export function safeName(name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is replaced
  const plain = name.replace(/[\u0000-\u001f\u007f/]/g, '_').replace(/^\.\.$/, '__');
  return encodeText(plain).length <= MAX_NAME ? plain : `${[...plain].slice(0, MAX_NAME / 4).join('')}~`;
}
