import type { Images } from './images.js';
import type { Process } from './process-list.js';

/** How much memory a process had, and how much of it the archive holds. */
export interface MemoryUsage {
  /** Bytes of all mappings. */
  readonly mapped: bigint;
  /** Pages that this checkpoint holds for the process itself; shared memory is not among them. */
  readonly pages: bigint;
  /** Pages that a parent checkpoint (incremental dump) or a page server has. */
  readonly pagesElsewhere: bigint;
}

const PE_PARENT = 1;
const PE_PRESENT = 4;

/** Counts what the pagemap of a process lists (pagemap.proto; flags of criu/include/pagemap.h). */
export async function readMemoryUsage(images: Images, process: Process): Promise<MemoryUsage> {
  let mapped = 0n;
  for (const { start, end } of (await process.mm())?.vmas ?? []) if (end > start) mapped += end - start;
  let pages = 0n;
  let pagesElsewhere = 0n;
  const image = await images.open('PAGEMAP', `pagemap-${process.pid}`);
  for await (const { value } of image?.entries() ?? []) {
    const count = value.nr_pages ?? BigInt(value.compat_nr_pages);
    const flags = value.in_parent === true ? PE_PARENT : (value.flags ?? PE_PRESENT);
    if ((flags & PE_PRESENT) !== 0 && (flags & PE_PARENT) === 0) pages += count;
    else pagesElsewhere += count;
  }
  return { mapped, pages, pagesElsewhere };
}
