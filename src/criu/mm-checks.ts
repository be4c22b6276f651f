import { FormatError } from '../base/errors.js';
import { formatAddress } from '../base/units.js';
import { type Vma, VmaStatus } from './address-space.js';
import type { MmEntry } from './schema/memory.js';

/** Page sizes that Linux has on the machines that CRIU runs on. */
const PAGE_SIZES = [4096, 16384, 65536];
/** AT_PAGESZ of the auxiliary vector. */
const AT_PAGESZ = 6n;

/**
 * Mappings in ascending order without overlap, as the kernel keeps them. The guard pages that CRIU 4.2 lists behind
 * them (MADV_GUARD_INSTALL) are no mappings but lie within some; they hold nothing, and are left out.
 */
export function checkVmas(listed: readonly Vma[], name: string): readonly Vma[] {
  const vmas = listed.filter(({ status }) => (status & VmaStatus.guard) === 0);
  let floor = 0n;
  for (const { start, end } of vmas) {
    if (start >= end) {
      throw new FormatError(name, undefined, `the mapping at ${formatAddress(start)} ends before it begins`);
    }
    if (start < floor) {
      throw new FormatError(
        name,
        undefined,
        `the mapping at ${formatAddress(start)} overlaps the one before it`,
      );
    }
    floor = end;
  }
  return vmas;
}

/** The page size that the kernel told the process (AT_PAGESZ); 4 KiB when it is not there. */
export function pageSizeOf(mm: MmEntry, name: string): number {
  const auxv = mm.mm_saved_auxv;
  for (let i = 0; i + 1 < auxv.length; i += 2) {
    if (auxv[i] !== AT_PAGESZ) continue;
    const size = Number(auxv[i + 1]);
    if (!PAGE_SIZES.includes(size)) throw new FormatError(name, undefined, `a page size of ${size} bytes`);
    return size;
  }
  return 4096;
}
