import { bisectList } from '../../base/bisect.js';
import type { Extract, Run } from './work.js';

/** A run of addresses that is there to be looked at: a mapping, or all of a file. */
export interface Region {
  readonly start: bigint;
  /** Exclusive. */
  readonly end: bigint;
  /** What it is; raw text. */
  readonly label: string;
  /** Whether a heading is drawn above it; what goes on from the region before has none. */
  readonly heading: boolean;
  /** Why its bytes are not worth a row each: it is one row that says so. */
  readonly folded?: string | undefined;
}

/** What is known of the bytes at an address at this moment. */
export type Bytes =
  | { readonly state: 'here'; readonly bytes: Uint8Array }
  | { readonly state: 'loading' }
  /** They are not in the archive, and why. */
  | { readonly state: 'absent'; readonly why: string }
  | { readonly state: 'failed'; readonly problem: string };

/** A place that a search found. */
export interface HexHit {
  readonly address: bigint;
  readonly length: number;
}

/** Bytes at addresses, with a search, for the hex viewer. */
export interface HexContent {
  readonly kind: 'hex';
  /** Sorted, without overlaps. */
  readonly regions: readonly Region[];
  /** Whose memory this is. */
  readonly pid?: number | undefined;
  /** What is said where there is nothing. */
  readonly empty: string;
  /** Up to `length` bytes from `address`, all within one region; asking for what is not here yet loads it. */
  peek(address: bigint, length: number): Bytes;
  /** The next place, or the one before, that holds the pattern. */
  find(pattern: string, from: bigint, by: 1 | -1, run: Run): Promise<HexHit | undefined>;
  /** What `e` writes: `from` up to `to`, exclusive. */
  extract(from: bigint, to: bigint): Extract;
  /** What `e` writes without a selection: the mapping that holds an address, or the file. */
  whole(address: bigint): Extract;
}

export interface HexState {
  readonly kind: 'hex';
  readonly cursor: bigint;
  /** The first visible row. */
  readonly top: number;
  readonly perRow: number;
  /** The other end of the selection, if there is one. */
  readonly anchor?: bigint | undefined;
  readonly pattern?: string | undefined;
  readonly hit?: HexHit | undefined;
  /** The address that was asked for, where the cursor is on another because it is not there. */
  readonly missed?: bigint | undefined;
}

/** Bytes in a row for a width: rows of 32 need a wide terminal, rows of 8 fit the narrowest. */
export function bytesPerRow(columns: number): number {
  if (columns >= 150) return 32;
  return columns >= 79 ? 16 : 8;
}

/** A row of the viewer: a region's heading, or the bytes from an address. */
export type HexRow =
  | { readonly type: 'heading'; readonly region: Region }
  | { readonly type: 'folded'; readonly region: Region; readonly why: string }
  | {
      readonly type: 'bytes';
      readonly region: Region;
      readonly start: bigint;
      readonly from: bigint;
      readonly to: bigint;
    };

/** Where the rows of a content lie, for one number of bytes per row. Rows start at multiples of that number. */
export class HexRows {
  readonly total: number;
  readonly #content: HexContent;
  /** Bytes in a row. */
  readonly width: bigint;
  /** For each region the number of its first row. */
  readonly #first: readonly number[];

  constructor(content: HexContent, perRow: number) {
    this.#content = content;
    this.width = BigInt(perRow);
    const first: number[] = [];
    let rows = 0;
    for (const region of content.regions) {
      first.push(rows);
      rows += this.#rowsIn(region) + (region.heading ? 1 : 0);
    }
    this.#first = first;
    this.total = rows;
  }

  row(index: number): HexRow | undefined {
    if (index < 0 || index >= this.total) return undefined;
    const at = last(this.#first, (first) => first <= index);
    const region = this.#content.regions[at];
    if (region === undefined) return undefined;
    const within = index - (this.#first[at] ?? 0) - (region.heading ? 1 : 0);
    if (within < 0) return { type: 'heading', region };
    if (region.folded !== undefined) return { type: 'folded', region, why: region.folded };
    const start = this.#floor(region.start) + BigInt(within) * this.width;
    const end = start + this.width;
    const from = start < region.start ? region.start : start;
    return { type: 'bytes', region, start, from, to: end > region.end ? region.end : end };
  }

  /** The row that shows an address, or the next region's first one after it. */
  rowOf(address: bigint): number {
    const { regions } = this.#content;
    const at = Math.max(
      0,
      last(regions, (region) => region.start <= address),
    );
    const region = regions[at];
    if (region === undefined) return 0;
    const inside = address < region.start ? region.start : address >= region.end ? region.end - 1n : address;
    const rows =
      region.folded !== undefined
        ? 0
        : Number((this.#floor(inside) - this.#floor(region.start)) / this.width);
    return (this.#first[at] ?? 0) + (region.heading ? 1 : 0) + rows;
  }

  /** The address itself if a region holds it, else the nearest one that does. */
  clamp(address: bigint): bigint {
    const { regions } = this.#content;
    const at = last(regions, (region) => region.start <= address);
    const before = regions[at];
    if (before === undefined) return regions[0]?.start ?? 0n;
    if (address < before.end) return address;
    const after = regions[at + 1];
    if (after === undefined) return before.end - 1n;
    return after.start - address < address - before.end ? after.start : before.end - 1n;
  }

  /** The address `by` bytes on from a mapped one, going over what lies between regions. */
  step(address: bigint, by: bigint): bigint {
    const { regions } = this.#content;
    const at = last(regions, (region) => region.start <= address);
    const region = regions[at];
    if (region === undefined) return this.clamp(address);
    const target = address + by;
    const inside = target >= region.start && target < region.end;
    if (inside && region.folded === undefined) return target;
    const neighbour = regions[by > 0n ? at + 1 : at - 1];
    if (neighbour === undefined) return this.clamp(target);
    if (by > 0n || neighbour.folded !== undefined) return neighbour.start;
    return neighbour.end - 1n;
  }

  #floor(address: bigint): bigint {
    return address - (address % this.width);
  }

  #rowsIn(region: Region): number {
    if (region.end <= region.start) return 0;
    if (region.folded !== undefined) return 1;
    return Number((this.#floor(region.end - 1n) - this.#floor(region.start)) / this.width) + 1;
  }
}

const known = new WeakMap<HexContent, HexRows>();

/** The rows of a content; the same object as long as the number of bytes per row stays. */
export function hexRows(content: HexContent, perRow: number): HexRows {
  let rows = known.get(content);
  if (rows === undefined || rows.width !== BigInt(perRow)) {
    rows = new HexRows(content, perRow);
    known.set(content, rows);
  }
  return rows;
}

/** The region that holds an address. */
export function regionAt(content: HexContent, address: bigint): Region | undefined {
  const region = content.regions[last(content.regions, ({ start }) => start <= address)];
  return region !== undefined && address < region.end ? region : undefined;
}

/** The index of the last element for which the test holds, when it holds for a beginning of the list; else -1. */
function last<T>(list: readonly T[], test: (item: T) => boolean): number {
  return bisectList(list, test) - 1;
}
