import type { FlagTable, Presentation } from '../schema.js';

/** The presentation of most addresses and masks. */
export const HEX: Presentation = { hex: true };

/** mmap(2), as crit 4.2 names the bits. */
export const MMAP_PROT: FlagTable = [
  ['PROT_READ', 0x1],
  ['PROT_WRITE', 0x2],
  ['PROT_EXEC', 0x4],
];

/** mmap(2), as crit 4.2 names the bits. */
export const MMAP_FLAGS: FlagTable = [
  ['MAP_SHARED', 0x1],
  ['MAP_PRIVATE', 0x2],
  ['MAP_DROPPABLE', 0x8],
  ['MAP_ANON', 0x20],
  ['MAP_GROWSDOWN', 0x100],
];

/** What CRIU found a mapping to be (criu/include/image.h). */
export const VMA_STATUS: FlagTable = [
  ['VMA_AREA_NONE', 0],
  ['VMA_AREA_REGULAR', 1 << 0],
  ['VMA_AREA_STACK', 1 << 1],
  ['VMA_AREA_VSYSCALL', 1 << 2],
  ['VMA_AREA_VDSO', 1 << 3],
  ['VMA_AREA_HEAP', 1 << 5],
  ['VMA_FILE_PRIVATE', 1 << 6],
  ['VMA_FILE_SHARED', 1 << 7],
  ['VMA_ANON_SHARED', 1 << 8],
  ['VMA_ANON_PRIVATE', 1 << 9],
  ['VMA_AREA_SYSVIPC', 1 << 10],
  ['VMA_AREA_SOCKET', 1 << 11],
  ['VMA_AREA_VVAR', 1 << 12],
  ['VMA_AREA_AIORING', 1 << 13],
  ['VMA_AREA_MEMFD', 1 << 14],
  ['VMA_AREA_SHSTK', 1 << 15],
  ['VMA_AREA_UPROBES', 1 << 17],
  ['VMA_UNSUPP', 0x80000000],
];

/** open(2) on x86-64, as crit names the bits; O_RDONLY has none. */
export const OPEN_FLAGS: FlagTable = [
  ['O_WRONLY', 0o1],
  ['O_RDWR', 0o2],
  ['O_CREAT', 0o100],
  ['O_EXCL', 0o200],
  ['O_NOCTTY', 0o400],
  ['O_TRUNC', 0o1000],
  ['O_APPEND', 0o2000],
  ['O_NONBLOCK', 0o4000],
  ['O_DSYNC', 0o10000],
  ['FASYNC', 0o20000],
  ['O_DIRECT', 0o40000],
  ['O_LARGEFILE', 0o100000],
  ['O_DIRECTORY', 0o200000],
  ['O_NOFOLLOW', 0o400000],
  ['O_NOATIME', 0o1000000],
  ['O_CLOEXEC', 0o2000000],
];

/** memfd_create(2) and fcntl(2) F_ADD_SEALS. */
export const SEALS: FlagTable = [
  ['F_SEAL_SEAL', 0x1],
  ['F_SEAL_SHRINK', 0x2],
  ['F_SEAL_GROW', 0x4],
  ['F_SEAL_WRITE', 0x8],
  ['F_SEAL_FUTURE_WRITE', 0x10],
];

/** Where the pages of a pagemap entry are: in the parent's images, not yet anywhere, in this dump's. */
export const PAGEMAP_FLAGS: FlagTable = [
  ['PE_PARENT', 1 << 0],
  ['PE_LAZY', 1 << 1],
  ['PE_PRESENT', 1 << 2],
];
