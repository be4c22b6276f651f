import { MemorySource } from '../../src/bytes/memory.js';
import { AddressSpace, type Vma } from '../../src/criu/address-space.js';
import { PageRuns } from '../../src/criu/pagemap.js';

export const PAGE = 4096;

/** A mapping to be made: pages with contents, `zero` for pages never written; `gap` pages before it are unmapped. */
export interface MappingSpec {
  readonly gap: number;
  /** Each page's contents, or undefined for one that was never written. */
  readonly pages: readonly (Uint8Array | undefined)[];
}

/** An address space of private anonymous mappings, from address 0x10000 on, over a pages image in memory. */
export function makeSpace(mappings: readonly MappingSpec[]): AddressSpace {
  const vmas: Vma[] = [];
  const stored: Uint8Array[] = [];
  const runs: { vaddr: bigint; pages: bigint }[] = [];
  let at = 0x10000n;
  for (const { gap, pages } of mappings) {
    at += BigInt(gap * PAGE);
    const start = at;
    for (const page of pages) {
      if (page !== undefined) {
        const whole = new Uint8Array(PAGE);
        whole.set(page.subarray(0, PAGE));
        stored.push(whole);
        runs.push({ vaddr: at, pages: 1n });
      }
      at += BigInt(PAGE);
    }
    if (at > start) {
      vmas.push({ start, end: at, pgoff: 0n, shmid: 0n, prot: 3, flags: 0x22, status: 0x201 });
    }
  }
  const image = Buffer.concat(stored);
  const collected = new PageRuns({ name: 'pagemap-1.img', pageSize: PAGE, pagesSize: image.length });
  for (const { vaddr, pages } of runs)
    collected.add({ vaddr, compat_nr_pages: 0, nr_pages: pages, flags: 4 });
  const pages = { name: 'pages-1.img', source: new MemorySource(image, 'pages-1.img'), archiveOffset: 0 };
  const objects = { shared: () => undefined, deleted: () => undefined, path: () => '' };
  return new AddressSpace(vmas, { runs: collected.runs, pages, parent: undefined }, objects, PAGE);
}

/** All bytes of a space as maximal stretches without gaps, never written pages as zeros. */
export async function stretches(space: AddressSpace): Promise<{ start: bigint; bytes: Buffer }[]> {
  const found: { start: bigint; bytes: Buffer }[] = [];
  for (const { start, end } of space.segments()) {
    const bytes = Buffer.from(await space.read(start, Number(end - start)));
    const last = found.at(-1);
    if (last !== undefined && last.start + BigInt(last.bytes.length) === start) {
      last.bytes = Buffer.concat([last.bytes, bytes]);
    } else {
      found.push({ start, bytes });
    }
  }
  return found;
}
