import type { MmEntry, VmaEntry } from '../criu/schema/memory.js';
import { type FilePath, type FileTable, filePath } from './file-table.js';

/** What a mapping is, told by the status bits that CRIU gives it. */
export type MappingKind =
  | 'file'
  | 'anonymous'
  | 'shared'
  | 'heap'
  | 'stack'
  | 'memfd'
  | 'sysv-shm'
  | 'vdso'
  | 'vvar'
  | 'vsyscall'
  | 'socket'
  | 'aio'
  | 'shadow-stack'
  | 'guard'
  | 'uprobes'
  | 'plugin'
  | 'unknown';

/** A mapping of a process (a VMA). */
export interface Mapping {
  readonly pid: number;
  readonly start: bigint;
  readonly end: bigint;
  /** As /proc/PID/maps writes them: `rwxp`, the last letter `s` for shared, `p` for private mappings. */
  readonly perms: string;
  readonly kind: MappingKind;
  /** Path of the mapped file; undefined when there is none. Untrusted text. */
  readonly path: string | undefined;
  readonly deleted: boolean;
  /** Offset in the file in bytes. */
  readonly offset: bigint;
  /** MAP_* flags. */
  readonly flags: number;
}

/** Status bits (VMA_* of criu/include/image.h), the telling ones first. */
const KINDS: readonly (readonly [bit: number, kind: MappingKind])[] = [
  [1 << 2, 'vsyscall'],
  [1 << 3, 'vdso'],
  [1 << 12, 'vvar'],
  [1 << 16, 'guard'],
  [1 << 17, 'uprobes'],
  [1 << 15, 'shadow-stack'],
  [1 << 27, 'plugin'],
  [1 << 10, 'sysv-shm'],
  [1 << 11, 'socket'],
  [1 << 13, 'aio'],
  [1 << 1, 'stack'],
  [1 << 5, 'heap'],
  [1 << 14, 'memfd'],
  [1 << 6, 'file'],
  [1 << 7, 'file'],
  [1 << 8, 'shared'],
  [1 << 9, 'anonymous'],
];
const MAP_SHARED = 1;
const MAP_GROWSDOWN = 0x100;

/** The mappings of a process in the order of their addresses; guard pages, which CRIU lists last, among them. */
export function readMappings(pid: number, mm: MmEntry, table: FileTable): readonly Mapping[] {
  const vmas = [...mm.vmas].sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
  return vmas.map((vma) => {
    const file = backingFile(vma, table);
    return {
      pid,
      start: vma.start,
      end: vma.end,
      perms: permissions(vma),
      kind: kindOf(vma, mm, file),
      path: file?.path,
      deleted: file?.deleted ?? false,
      offset: vma.pgoff,
      flags: vma.flags,
    };
  });
}

function permissions({ prot, flags }: VmaEntry): string {
  const letter = (bit: number, name: string): string => ((prot & bit) !== 0 ? name : '-');
  return `${letter(1, 'r')}${letter(2, 'w')}${letter(4, 'x')}${(flags & MAP_SHARED) !== 0 ? 's' : 'p'}`;
}

function kindOf(vma: VmaEntry, mm: MmEntry, file: FilePath | undefined): MappingKind {
  const kind = KINDS.find(([bit]) => (vma.status & bit) !== 0)?.[1] ?? 'unknown';
  // CRIU keeps shared anonymous memory of /dev/zero as a memfd of that name
  if (kind === 'memfd' && file?.path === '/dev/zero') return 'shared';
  if (kind !== 'anonymous') return kind;
  // CRIU marks the stack by the flag alone, or by the address that the kernel gave mm_start_stack
  const holdsStack = vma.start <= mm.mm_start_stack && mm.mm_start_stack < vma.end;
  return holdsStack || (vma.flags & MAP_GROWSDOWN) !== 0 ? 'stack' : kind;
}

/** `shmid` is a file's id for mappings of files and memfds; for other shared memory it names its pagemap. */
function backingFile({ status, shmid }: VmaEntry, table: FileTable): FilePath | undefined {
  const ofFile = (status & ((1 << 6) | (1 << 7) | (1 << 14))) !== 0;
  return ofFile && shmid <= 0xffffffffn ? filePath(table, Number(shmid)) : undefined;
}
