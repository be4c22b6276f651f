const CLOCKS: Readonly<Record<number, string>> = {
  0: 'CLOCK_REALTIME',
  1: 'CLOCK_MONOTONIC',
  7: 'CLOCK_BOOTTIME',
  8: 'CLOCK_REALTIME_ALARM',
  9: 'CLOCK_BOOTTIME_ALARM',
};

/** A clock by number (linux/time.h). */
export function clockName(clock: number): string {
  return CLOCKS[clock] ?? `clock ${clock}`;
}

const NAMESPACES: Readonly<Record<number, string>> = {
  [0x00000080]: 'time',
  [0x00020000]: 'mnt',
  [0x02000000]: 'cgroup',
  [0x04000000]: 'uts',
  [0x08000000]: 'ipc',
  [0x10000000]: 'user',
  [0x20000000]: 'pid',
  [0x40000000]: 'net',
};

/** The type of namespace that a CLONE_NEW* flag stands for (linux/sched.h), as /proc/PID/ns names it. */
export function namespaceType(flag: number): string {
  return NAMESPACES[flag] ?? `0x${flag.toString(16)}`;
}

const FILE_TYPES: Readonly<Record<number, string>> = {
  [0o140000]: 'socket',
  [0o120000]: 'symlink',
  [0o100000]: 'file',
  [0o060000]: 'block device',
  [0o040000]: 'directory',
  [0o020000]: 'character device',
  [0o010000]: 'fifo',
};

/** What a mode of stat(2) says that a file is. */
export function fileTypeName(mode: number): string {
  return FILE_TYPES[mode & 0o170000] ?? 'file';
}

/** File systems by CRIU's number (mnt.proto, CRIU 4.2), as mount(8) names them. */
const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  1: 'proc',
  2: 'sysfs',
  3: 'devtmpfs',
  4: 'binfmt_misc',
  5: 'tmpfs',
  6: 'devpts',
  7: 'simfs',
  8: 'pstore',
  9: 'securityfs',
  10: 'fusectl',
  11: 'debugfs',
  12: 'cgroup',
  13: 'aufs',
  14: 'mqueue',
  15: 'fuse',
  17: 'overlay',
  18: 'autofs',
  19: 'tracefs',
  23: 'cgroup2',
};

/** The type of a mount: CRIU's number, and for those without one the name that it wrote beside, if it did. */
export function fileSystemName(type: number, name: string | undefined): string | undefined {
  return FILE_SYSTEMS[type] ?? name;
}
