import type { ByteSource } from '../bytes/source.js';
import type { PagemapEntry } from './schema/memory.js';

const WINDOW = 256 * 1024;

/** The fields of `pagemap_entry` by number; all of them varints (pagemap.proto, CRIU 4.2). */
const VADDR = 1;
const COMPAT_NR_PAGES = 2;
const IN_PARENT = 3;
const FLAGS = 4;
const NR_PAGES = 5;

/**
 * Reads the entries of a pagemap as CRIU writes them. A process of a few gigabytes has a hundred thousand, and the
 * first thousands of small messages are what the general decoder takes longest for, so here is a narrow one that
 * knows no other message. It gives up at anything unusual, and leaves it to the general one to decode or to refuse.
 *
 * @param start - where the first message begins, the head
 * @returns false when it gave up; `take` has then been given some of the entries
 */
export async function scanPagemap(
  source: ByteSource,
  start: number,
  take: (entry: PagemapEntry, offset: number) => void,
): Promise<boolean> {
  let position = start;
  let isHead = true;
  while (position < source.size) {
    const window = await source.read(position, Math.min(WINDOW, source.size - position));
    const used = scanWindow(window, isHead, (entry, offset) => take(entry, position + offset));
    if (used === 0) return false;
    position += used;
    isHead = false;
  }
  return true;
}

/** Scans the whole messages of a window; how many bytes they took, 0 when there is none or something unusual. */
function scanWindow(
  bytes: Uint8Array,
  head: boolean,
  take: (entry: PagemapEntry, offset: number) => void,
): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  let skip = head;
  while (at + 4 <= bytes.length) {
    const end = at + 4 + view.getUint32(at, true);
    if (end > bytes.length) break;
    if (!skip) {
      const entry = scanEntry(bytes, at + 4, end);
      if (entry === undefined) return 0;
      take(entry, at + 4);
    }
    skip = false;
    at = end;
  }
  return at;
}

function scanEntry(bytes: Uint8Array, start: number, end: number): PagemapEntry | undefined {
  let vaddr = -1;
  let compat = -1;
  let inParent: boolean | undefined;
  let flags: number | undefined;
  let pages: number | undefined;
  for (let at = start; at < end; ) {
    const tag = bytes[at] ?? 0;
    let value = 0;
    let scale = 1;
    let byte = 0x80;
    for (at += 1; byte >= 0x80; at += 1) {
      if (at >= end || scale > 2 ** 49) return undefined; // cut off, or beyond what a number holds exactly
      byte = bytes[at] ?? 0;
      value += (byte & 0x7f) * scale;
      scale *= 0x80;
    }
    if (value > Number.MAX_SAFE_INTEGER) return undefined;
    if (tag === VADDR << 3) vaddr = value;
    else if (tag === NR_PAGES << 3) pages = value;
    else if (value > 0xffffffff) return undefined;
    else if (tag === COMPAT_NR_PAGES << 3) compat = value;
    else if (tag === IN_PARENT << 3) inParent = value !== 0;
    else if (tag === FLAGS << 3) flags = value;
    else return undefined;
  }
  if (vaddr < 0 || compat < 0) return undefined;
  return {
    vaddr: BigInt(vaddr),
    compat_nr_pages: compat,
    ...(inParent === undefined ? {} : { in_parent: inParent }),
    ...(flags === undefined ? {} : { flags }),
    ...(pages === undefined ? {} : { nr_pages: BigInt(pages) }),
  };
}
