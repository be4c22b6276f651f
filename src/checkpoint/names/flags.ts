/** A flag: the bits, and the name it has when all of them are set. */
export type FlagTable = readonly (readonly [bits: number, name: string])[];

/**
 * Names of the flags that are set, in the table's order; bits that no name covers follow as one hex number. A flag
 * of several bits stands in the table before those that it contains.
 */
export function flagNames(value: number, table: FlagTable): readonly string[] {
  const names: string[] = [];
  let rest = value >>> 0;
  for (const [bits, name] of table) {
    if (bits !== 0 && (rest & bits) >>> 0 === bits >>> 0) {
      names.push(name);
      rest = (rest & ~bits) >>> 0;
    }
  }
  if (rest !== 0) names.push(`0x${rest.toString(16)}`);
  return names;
}

const OPEN_FLAGS: FlagTable = [
  [0o20200000, 'O_TMPFILE'],
  [0o4010000, 'O_SYNC'],
  [0o100, 'O_CREAT'],
  [0o200, 'O_EXCL'],
  [0o400, 'O_NOCTTY'],
  [0o1000, 'O_TRUNC'],
  [0o2000, 'O_APPEND'],
  [0o4000, 'O_NONBLOCK'],
  [0o10000, 'O_DSYNC'],
  [0o20000, 'O_ASYNC'],
  [0o40000, 'O_DIRECT'],
  [0o100000, 'O_LARGEFILE'],
  [0o200000, 'O_DIRECTORY'],
  [0o400000, 'O_NOFOLLOW'],
  [0o1000000, 'O_NOATIME'],
  [0o2000000, 'O_CLOEXEC'],
  [0o10000000, 'O_PATH'],
];

const ACCESS = ['O_RDONLY', 'O_WRONLY', 'O_RDWR', 'O_ACCMODE'] as const;

/** Flags of open(2), the access mode first (asm-generic/fcntl.h, as x86 has them). */
export function openFlagNames(flags: number): readonly string[] {
  const known = openFlags.get(flags);
  if (known !== undefined) return known;
  const access = ACCESS[(flags & 3) as 0 | 1 | 2 | 3];
  const names = [access, ...flagNames((flags & ~3) >>> 0, OPEN_FLAGS)];
  if (openFlags.size < MOST_KNOWN) openFlags.set(flags, names);
  return names;
}

/** The same few combinations come up in every open file. */
const openFlags = new Map<number, readonly string[]>();
const MOST_KNOWN = 256;

const EPOLL_EVENTS: FlagTable = [
  [0x1, 'EPOLLIN'],
  [0x2, 'EPOLLPRI'],
  [0x4, 'EPOLLOUT'],
  [0x8, 'EPOLLERR'],
  [0x10, 'EPOLLHUP'],
  [0x20, 'EPOLLNVAL'],
  [0x40, 'EPOLLRDNORM'],
  [0x80, 'EPOLLRDBAND'],
  [0x100, 'EPOLLWRNORM'],
  [0x200, 'EPOLLWRBAND'],
  [0x400, 'EPOLLMSG'],
  [0x2000, 'EPOLLRDHUP'],
  [0x10000000, 'EPOLLEXCLUSIVE'],
  [0x20000000, 'EPOLLWAKEUP'],
  [0x40000000, 'EPOLLONESHOT'],
  [0x80000000, 'EPOLLET'],
];

/** Events of an epoll target (linux/eventpoll.h). */
export function epollEventNames(events: number): readonly string[] {
  return flagNames(events, EPOLL_EVENTS);
}

const INOTIFY_EVENTS: FlagTable = [
  [0xfff, 'IN_ALL_EVENTS'],
  [0x1, 'IN_ACCESS'],
  [0x2, 'IN_MODIFY'],
  [0x4, 'IN_ATTRIB'],
  [0x8, 'IN_CLOSE_WRITE'],
  [0x10, 'IN_CLOSE_NOWRITE'],
  [0x20, 'IN_OPEN'],
  [0x40, 'IN_MOVED_FROM'],
  [0x80, 'IN_MOVED_TO'],
  [0x100, 'IN_CREATE'],
  [0x200, 'IN_DELETE'],
  [0x400, 'IN_DELETE_SELF'],
  [0x800, 'IN_MOVE_SELF'],
  [0x2000, 'IN_UNMOUNT'],
  [0x4000, 'IN_Q_OVERFLOW'],
  [0x8000, 'IN_IGNORED'],
  [0x1000000, 'IN_ONLYDIR'],
  [0x2000000, 'IN_DONT_FOLLOW'],
  [0x4000000, 'IN_EXCL_UNLINK'],
  [0x10000000, 'IN_MASK_CREATE'],
  [0x20000000, 'IN_MASK_ADD'],
  [0x40000000, 'IN_ISDIR'],
  [0x80000000, 'IN_ONESHOT'],
];

/** Events of an inotify watch (linux/inotify.h). */
export function inotifyEventNames(mask: number): readonly string[] {
  return flagNames(mask, INOTIFY_EVENTS);
}

const FANOTIFY_EVENTS: FlagTable = [
  [0x1, 'FAN_ACCESS'],
  [0x2, 'FAN_MODIFY'],
  [0x4, 'FAN_ATTRIB'],
  [0x8, 'FAN_CLOSE_WRITE'],
  [0x10, 'FAN_CLOSE_NOWRITE'],
  [0x20, 'FAN_OPEN'],
  [0x40, 'FAN_MOVED_FROM'],
  [0x80, 'FAN_MOVED_TO'],
  [0x100, 'FAN_CREATE'],
  [0x200, 'FAN_DELETE'],
  [0x400, 'FAN_DELETE_SELF'],
  [0x800, 'FAN_MOVE_SELF'],
  [0x1000, 'FAN_OPEN_EXEC'],
  [0x4000, 'FAN_Q_OVERFLOW'],
  [0x10000, 'FAN_OPEN_PERM'],
  [0x20000, 'FAN_ACCESS_PERM'],
  [0x40000, 'FAN_OPEN_EXEC_PERM'],
  [0x8000000, 'FAN_EVENT_ON_CHILD'],
  [0x40000000, 'FAN_ONDIR'],
];

/** Events of a fanotify mark (linux/fanotify.h). */
export function fanotifyEventNames(mask: number): readonly string[] {
  return flagNames(mask, FANOTIFY_EVENTS);
}

const SEALS: FlagTable = [
  [0x1, 'F_SEAL_SEAL'],
  [0x2, 'F_SEAL_SHRINK'],
  [0x4, 'F_SEAL_GROW'],
  [0x8, 'F_SEAL_WRITE'],
  [0x10, 'F_SEAL_FUTURE_WRITE'],
  [0x20, 'F_SEAL_EXEC'],
];

/** Seals of a memfd (linux/fcntl.h). */
export function sealNames(seals: number): readonly string[] {
  return flagNames(seals, SEALS);
}

const MAP_FLAGS: FlagTable = [
  [0x03, 'MAP_SHARED_VALIDATE'],
  [0x01, 'MAP_SHARED'],
  [0x02, 'MAP_PRIVATE'],
  [0x10, 'MAP_FIXED'],
  [0x20, 'MAP_ANONYMOUS'],
  [0x40, 'MAP_32BIT'],
  [0x100, 'MAP_GROWSDOWN'],
  [0x800, 'MAP_DENYWRITE'],
  [0x1000, 'MAP_EXECUTABLE'],
  [0x2000, 'MAP_LOCKED'],
  [0x4000, 'MAP_NORESERVE'],
  [0x8000, 'MAP_POPULATE'],
  [0x10000, 'MAP_NONBLOCK'],
  [0x20000, 'MAP_STACK'],
  [0x40000, 'MAP_HUGETLB'],
];

/** Flags of mmap(2) (asm-generic/mman.h, x86). */
export function mapFlagNames(flags: number): readonly string[] {
  return flagNames(flags, MAP_FLAGS);
}

const MOUNT_FLAGS: FlagTable = [
  [1, 'ro'],
  [2, 'nosuid'],
  [4, 'nodev'],
  [8, 'noexec'],
  [16, 'sync'],
  [64, 'mandlock'],
  [128, 'dirsync'],
  [1024, 'noatime'],
  [2048, 'nodiratime'],
  [1 << 21, 'relatime'],
  [1 << 24, 'strictatime'],
];
/** MS_REC, MS_SILENT and the propagation types: no options of a mount. */
const MOUNT_INTERNAL = 16384 | 32768 | (1 << 16) | (1 << 17) | (1 << 18) | (1 << 19) | (1 << 20);

/** Options of a mount, as mount(8) names them (linux/mount.h). */
export function mountOptionNames(flags: number): readonly string[] {
  const names = flagNames((flags & ~MOUNT_INTERNAL) >>> 0, MOUNT_FLAGS);
  return names.includes('ro') ? names : ['rw', ...names];
}

const DEVICE_FLAGS: FlagTable = [
  [0x1, 'UP'],
  [0x2, 'BROADCAST'],
  [0x4, 'DEBUG'],
  [0x8, 'LOOPBACK'],
  [0x10, 'POINTOPOINT'],
  [0x20, 'NOTRAILERS'],
  [0x40, 'RUNNING'],
  [0x80, 'NOARP'],
  [0x100, 'PROMISC'],
  [0x200, 'ALLMULTI'],
  [0x400, 'MASTER'],
  [0x800, 'SLAVE'],
  [0x1000, 'MULTICAST'],
  [0x2000, 'PORTSEL'],
  [0x4000, 'AUTOMEDIA'],
  [0x8000, 'DYNAMIC'],
  [0x10000, 'LOWER_UP'],
  [0x20000, 'DORMANT'],
  [0x40000, 'ECHO'],
];

/** Flags of a network device, as `ip link` names them (linux/if.h). */
export function deviceFlagNames(flags: number): readonly string[] {
  return flagNames(flags, DEVICE_FLAGS);
}
