import { bisectList } from '../base/bisect.js';
import { FormatError } from '../base/errors.js';
import { formatAddress } from '../base/units.js';
import type { PagemapEntry } from './schema/memory.js';

/** The pages of a run are not in this checkpoint but in its parent (`PE_PARENT`, criu/include/pagemap.h). */
const PE_PARENT = 1;
/**
 * The pages of a run are in the pages image (`PE_PRESENT`). Without it pages that may be restored lazily
 * (`PE_LAZY`, 2) were left with a page server.
 */
const PE_PRESENT = 4;

const ADDRESS_SPACE_END = 1n << 64n;

/** A run of consecutive pages, and where their contents are; all in bytes. */
export interface PageRun {
  readonly start: bigint;
  /** First address behind the run. */
  readonly end: bigint;
  /** `present`: in the pages image; `parent`: in the parent checkpoint; `absent`: left with a page server. */
  readonly where: 'present' | 'parent' | 'absent';
  /** Offset of the first page in the pages image; for runs that are not present, that of the next one that is. */
  readonly offset: number;
}

/** What a pagemap is checked against. */
export interface PagemapLimits {
  /** The pagemap's file name, for errors. */
  readonly name: string;
  /** Bytes in a page: 4 KiB on x86-64; 4, 16 or 64 KiB on aarch64. */
  readonly pageSize: number;
  /** Bytes in the pages image; undefined when the archive has none, as in a copy that was made without memory. */
  readonly pagesSize: number | undefined;
}

/** More runs than this, and the pagemap is refused: at 2 MiB and less a piece, they would be a terabyte. */
export const MAX_RUNS = 2_000_000;

/**
 * Collects the runs of a pagemap, entry by entry, without empty ones and with neighbours joined. Offsets follow
 * from the order: the pages image holds the pages of the present runs one after the other (CRIU,
 * skip_pagemap_pages in criu/pagemap.c).
 */
export class PageRuns {
  readonly runs: PageRun[] = [];
  readonly #limits: PagemapLimits;
  #offset = 0;
  #floor = 0n;

  constructor(limits: PagemapLimits) {
    this.#limits = limits;
  }

  /**
   * @param at - offset of the entry in the pagemap, for errors
   * @throws FormatError for runs that are unaligned, unsorted, overlapping, wrap around 2^64, or point behind the
   *   end of the pages image
   */
  add(entry: PagemapEntry, at?: number): void {
    const { name, pagesSize } = this.#limits;
    const fail: (problem: string) => never = (problem) => {
      throw new FormatError(name, at, `the run at ${formatAddress(entry.vaddr)} ${problem}`);
    };
    const pageSize = BigInt(this.#limits.pageSize);
    const pages = entry.nr_pages ?? BigInt(entry.compat_nr_pages);
    const start = entry.vaddr;
    const end = start + pages * pageSize;
    if (start % pageSize !== 0n) fail(`does not begin at a page of ${pageSize} bytes`);
    if (end > ADDRESS_SPACE_END) fail(`has ${pages} pages, more than the address space holds`);
    if (start < this.#floor) fail('overlaps the one before it or is out of order');
    if (pages === 0n) return;
    const where = whereabouts(entry);
    const offset = this.#offset;
    if (where === 'present') {
      const left = pagesSize === undefined ? undefined : pagesSize - offset;
      if (left !== undefined && end - start > BigInt(left))
        fail(`has ${pages} pages, but ${left} bytes are left in the pages image`);
      this.#offset += Number(end - start);
    }
    const last = this.runs.at(-1);
    if (last !== undefined && last.end === start && last.where === where) {
      this.runs[this.runs.length - 1] = { ...last, end };
    } else {
      if (this.runs.length === MAX_RUNS) fail(`is one more than the ${MAX_RUNS} that a pagemap may have`);
      this.runs.push({ start, end, where, offset });
    }
    this.#floor = end;
  }
}

/**
 * As CRIU reads entries (init_compat_pagemap_entry): `in_parent` is what older versions wrote, and no flags at all
 * mean present. So are the page counts: `nr_pages` where it is written, else the 32-bit `compat_nr_pages`.
 */
function whereabouts(entry: PagemapEntry): PageRun['where'] {
  if (entry.in_parent === true) return 'parent';
  const flags = entry.flags ?? PE_PRESENT;
  if (flags & PE_PARENT) return 'parent';
  return flags & PE_PRESENT ? 'present' : 'absent';
}

/** Index of the first run that ends behind `address`; `runs.length` when there is none. */
export function firstRunBehind(runs: readonly PageRun[], address: bigint): number {
  return bisectList(runs, ({ end }) => end <= address);
}
