import {
  counted,
  type ExtraReader,
  queuedMessages,
  remainder,
  segment,
  semaphores,
  tcpQueues,
} from './extra.js';
import { bpfmapDataEntry, bpfmapFileEntry } from './schema/bpf.js';
import { cgroupEntry } from './schema/cgroup.js';
import { coreEntry, taskKobjIdsEntry } from './schema/core.js';
import { fdinfoEntry, fileEntry } from './schema/fdinfo.js';
import {
  eventfdFileEntry,
  eventpollFileEntry,
  eventpollTfdEntry,
  extFileEntry,
  fifoEntry,
  fileLockEntry,
  type GhostChunkEntry,
  type GhostFileEntry,
  ghostChunkEntry,
  ghostFileEntry,
  memfdInodeEntry,
  nsFileEntry,
  pidfdEntry,
  pipeDataEntry,
  pipeEntry,
  regFileEntry,
  remapFilePathEntry,
  signalfdEntry,
} from './schema/files.js';
import {
  fanotifyFileEntry,
  fanotifyMarkEntry,
  inotifyFileEntry,
  inotifyWdEntry,
  irmapCacheEntry,
} from './schema/fsnotify.js';
import { inventoryEntry } from './schema/inventory.js';
import { ipcMsgEntry, ipcSemEntry, ipcShmEntry, ipcVarEntry } from './schema/ipc.js';
import { mmEntry, pagemapEntry, pagemapHead, vmaEntry } from './schema/memory.js';
import { autofsEntry, binfmtMiscEntry, mntEntry } from './schema/mounts.js';
import { pidnsEntry, usernsEntry, utsnsEntry } from './schema/namespaces.js';
import { netDeviceEntry, netnsEntry, tunfileEntry } from './schema/network.js';
import {
  apparmorEntry,
  cpuinfoEntry,
  credsEntry,
  fsEntry,
  pstreeEntry,
  rlimitEntry,
  saEntry,
  seccompEntry,
  siginfoEntry,
} from './schema/process.js';
import { tcpStreamEntry } from './schema/socket-options.js';
import {
  inetSkEntry,
  netlinkSkEntry,
  packetSockEntry,
  skPacketEntry,
  unixSkEntry,
} from './schema/sockets.js';
import { statsEntry } from './schema/stats.js';
import { itimerEntry, posixTimerEntry, timensEntry, timerfdEntry } from './schema/timers.js';
import { ttyDataEntry, ttyFileEntry, ttyInfoEntry } from './schema/tty.js';
import type { Infer, MessageType } from './schema.js';

/** One kind of image: its magic (criu/include/magic.h), what its messages are, what comes between them. */
export interface KindSpec<Entry = unknown, Head = unknown> {
  readonly magic: number;
  readonly entry: MessageType<Entry>;
  readonly extra?: ExtraReader<Entry>;
  /** The message that comes first, where that is another one. */
  readonly head?: MessageType<Head>;
  readonly headExtra?: ExtraReader<Head>;
}

function kind<Entry>(
  magic: number,
  entry: MessageType<Entry>,
  extra?: ExtraReader<Entry>,
): KindSpec<Entry, never> {
  return extra === undefined ? { magic, entry } : { magic, entry, extra };
}

/**
 * Every kind of image with a magic that CRIU 4.2 writes, and those that only older ones wrote (REG_FILES, PIPES,
 * CREDS, VMAS, SIGACT, ...: what became a part of FILES, CORE and MM). crit 4.2 has no reader for SIGNAL,
 * BINFMT_MISC and PIDFD; here they are read like the rest. The first word of an image is {@link COMMON_MAGIC} or
 * {@link SERVICE_MAGIC} and the magic the second, except in inventory.img and before CRIU 1.7.
 */
export const IMAGE_KINDS = {
  INVENTORY: kind(0x58313116, inventoryEntry),
  PSTREE: kind(0x50273030, pstreeEntry),
  FDINFO: kind(0x56213732, fdinfoEntry),
  PAGEMAP: { magic: 0x56084025, head: pagemapHead, entry: pagemapEntry },
  CORE: kind(0x55053847, coreEntry),
  IDS: kind(0x54432030, taskKobjIdsEntry),
  VMAS: kind(0x54123737, vmaEntry),
  PIPES: kind(0x56513555, pipeEntry),
  PIPES_DATA: kind(
    0x56453709,
    pipeDataEntry,
    counted('the bytes of a pipe', ({ bytes }) => bytes),
  ),
  FIFO: kind(0x58364939, fifoEntry),
  FIFO_DATA: kind(
    0x59333054,
    pipeDataEntry,
    counted('the bytes of a pipe', ({ bytes }) => bytes),
  ),
  SIGACT: kind(0x55344201, saEntry),
  UNIXSK: kind(0x54373943, unixSkEntry),
  INETSK: kind(0x56443851, inetSkEntry),
  PACKETSK: kind(0x60454618, packetSockEntry),
  ITIMERS: kind(0x57464056, itimerEntry),
  POSIX_TIMERS: kind(0x52603957, posixTimerEntry),
  SK_QUEUES: kind(
    0x56264026,
    skPacketEntry,
    counted('a packet', ({ length }) => length),
  ),
  UTSNS: kind(0x54473203, utsnsEntry),
  CREDS: kind(0x54023547, credsEntry),
  IPC_VAR: kind(0x53115007, ipcVarEntry),
  IPCNS_SHM: kind(
    0x46283044,
    ipcShmEntry,
    segment(({ size, in_pagemaps }) => ({ size: Number(size), elsewhere: in_pagemaps === true })),
  ),
  IPCNS_MSG: kind(
    0x55453737,
    ipcMsgEntry,
    queuedMessages(({ qnum }) => qnum),
  ),
  IPCNS_SEM: kind(
    0x59573019,
    ipcSemEntry,
    semaphores(({ nsems }) => nsems),
  ),
  REG_FILES: kind(0x50363636, regFileEntry),
  EXT_FILES: kind(0x59255641, extFileEntry),
  FS: kind(0x51403912, fsEntry),
  MM: kind(0x57492820, mmEntry),
  REMAP_FPATH: kind(0x59133954, remapFilePathEntry),
  GHOST_FILE: {
    magic: 0x52583605,
    head: ghostFileEntry,
    headExtra: remainder('the contents of a file', (file: GhostFileEntry) => file.chunks !== true),
    entry: ghostChunkEntry,
    extra: counted('a part of a file', (chunk: GhostChunkEntry) => Number(chunk.len)),
  },
  TCP_STREAM: kind(
    0x51465506,
    tcpStreamEntry,
    tcpQueues((tcp) => ({ inq: tcp.inq_len, outq: tcp.outq_len })),
  ),
  EVENTFD_FILE: kind(0x44523722, eventfdFileEntry),
  EVENTPOLL_FILE: kind(0x45023858, eventpollFileEntry),
  EVENTPOLL_TFD: kind(0x44433746, eventpollTfdEntry),
  SIGNALFD: kind(0x57323820, signalfdEntry),
  INOTIFY_FILE: kind(0x48424431, inotifyFileEntry),
  INOTIFY_WD: kind(0x54562009, inotifyWdEntry),
  MNTS: kind(0x55563928, mntEntry),
  NETDEV: kind(0x57373951, netDeviceEntry),
  NETNS: kind(0x55933752, netnsEntry),
  TTY_FILES: kind(0x59433025, ttyFileEntry),
  TTY_INFO: kind(0x59453036, ttyInfoEntry),
  TTY_DATA: kind(0x59413026, ttyDataEntry),
  FILE_LOCKS: kind(0x54323616, fileLockEntry),
  RLIMIT: kind(0x57113925, rlimitEntry),
  FANOTIFY_FILE: kind(0x55096122, fanotifyFileEntry),
  FANOTIFY_MARK: kind(0x56506035, fanotifyMarkEntry),
  SIGNAL: kind(0x59255647, siginfoEntry),
  NETLINK_SK: kind(0x58005614, netlinkSkEntry),
  NS_FILES: kind(0x61394011, nsFileEntry),
  TUNFILE: kind(0x57143751, tunfileEntry),
  CGROUP: kind(0x59383330, cgroupEntry),
  TIMERFD: kind(0x50493712, timerfdEntry),
  CPUINFO: kind(0x61404013, cpuinfoEntry),
  USERNS: kind(0x55474906, usernsEntry),
  SECCOMP: kind(0x64413049, seccompEntry),
  BINFMT_MISC: kind(0x67343323, binfmtMiscEntry),
  AUTOFS: kind(0x49353943, autofsEntry),
  FILES: kind(0x56303138, fileEntry),
  MEMFD_INODE: kind(0x48453499, memfdInodeEntry),
  TIMENS: kind(0x43114433, timensEntry),
  PIDNS: kind(0x61157326, pidnsEntry),
  BPFMAP_FILE: kind(0x57506142, bpfmapFileEntry),
  BPFMAP_DATA: kind(
    0x64324033,
    bpfmapDataEntry,
    counted('keys and values of a BPF map', (map) => map.keys_bytes + map.values_bytes),
  ),
  APPARMOR: kind(0x59423047, apparmorEntry),
  PIDFD: kind(0x54435556, pidfdEntry),
  STATS: kind(0x57093306, statsEntry),
  IRMAP_CACHE: kind(0x57004059, irmapCacheEntry),
} as const;

export type ImageKind = keyof typeof IMAGE_KINDS;
type Spec<K extends ImageKind> = (typeof IMAGE_KINDS)[K];
/** What the messages of an image of that kind are. */
export type EntryOf<K extends ImageKind> = Infer<Spec<K>['entry']>;
/** What the first message of an image of that kind is; `never` where it is one like the rest. */
export type HeadOf<K extends ImageKind> = Spec<K> extends { head: MessageType<infer Head> } ? Head : never;

const TABLE: { readonly [K in ImageKind]: KindSpec<EntryOf<K>, HeadOf<K>> } = IMAGE_KINDS;

export function specOf<K extends ImageKind>(name: K): KindSpec<EntryOf<K>, HeadOf<K>> {
  return TABLE[name];
}

/** The first word of an image that a restore needs. */
export const COMMON_MAGIC = 0x54564319;
/** The first word of stats-dump, stats-restore and irmap-cache. */
export const SERVICE_MAGIC = 0x55105940;

const BY_MAGIC = new Map<number, ImageKind>();
for (const name in IMAGE_KINDS) if (isKind(name)) BY_MAGIC.set(IMAGE_KINDS[name].magic, name);

function isKind(name: string): name is ImageKind {
  return Object.hasOwn(IMAGE_KINDS, name);
}

/** The kind with that magic, if it is one that an image can have. */
export function kindOfMagic(magic: number): ImageKind | undefined {
  return BY_MAGIC.get(magic);
}
