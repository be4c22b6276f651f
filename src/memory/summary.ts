import type { AddressSpace, Backing, Missing, Vma } from '../criu/address-space.js';
import { VmaStatus } from '../criu/address-space.js';

/** How much memory a process had, and how much of it the archive holds; all in bytes. */
export interface MemorySummary {
  /** Size of all mappings. */
  mapped: number;
  /** Pages in the archive, shared ones included. */
  resident: number;
  /**
   * Of these: shared memory, private anonymous memory, changed pages of mapped files, and unchanged pages of deleted
   * files, of which CRIU kept a copy.
   */
  shared: number;
  anonymous: number;
  fileBacked: number;
  deletedFiles: number;
  /** Unchanged pages of mapped files, which are in the files only. */
  inFiles: number;
  /** Pages that should be in the archive and are not, see {@link isLost}. */
  missing: number;
  /** The mappings with most pages in the archive, the largest first. */
  largest: MappingSize[];
}

export interface MappingSize {
  readonly vma: Vma;
  readonly resident: number;
}

const LARGEST = 5;
const SHARED = VmaStatus.memfd | VmaStatus.anonShared | VmaStatus.sysvIpc | VmaStatus.fileShared;

/** What no checkpoint holds, and nobody misses. */
const NEVER_THERE: readonly Missing[] = ['kernel', 'behind-file'];

/** Whether pages should be in the archive and are not: of a parent checkpoint, a page server, a copy without memory. */
export function isLost(backing: Backing): boolean {
  return backing.kind === 'missing' && !NEVER_THERE.includes(backing.why);
}

/** Sums up the memory of a process from its mappings and pagemaps; no page is read. */
export function summarize(space: AddressSpace): MemorySummary {
  const sum = {
    ...{ mapped: 0, resident: 0, shared: 0, anonymous: 0, fileBacked: 0, deletedFiles: 0 },
    ...{ inFiles: 0, missing: 0 },
  };
  const sizes: MappingSize[] = [];
  for (const vma of space.vmas) {
    sum.mapped += Number(vma.end - vma.start);
    const before = sum.resident;
    for (const { start, end, backing } of space.segments(vma.start, vma.end)) {
      const size = Number(end - start);
      if (backing.kind === 'pages') {
        sum.resident += size;
        sum[backing.deletedFile ? 'deletedFiles' : kindOf(vma)] += size;
      } else if (backing.kind === 'file') {
        sum.inFiles += size;
      } else if (isLost(backing)) {
        sum.missing += size;
      }
    }
    if (sum.resident > before) sizes.push({ vma, resident: sum.resident - before });
  }
  sizes.sort((a, b) => b.resident - a.resident);
  return { ...sum, largest: sizes.slice(0, LARGEST) };
}

function kindOf({ status }: Vma): 'shared' | 'anonymous' | 'fileBacked' {
  if (status & SHARED) return 'shared';
  return status & VmaStatus.filePrivate ? 'fileBacked' : 'anonymous';
}
