import { bisectList } from '../base/bisect.js';
import { FormatError } from '../base/errors.js';
import type { ByteSource } from '../bytes/source.js';
import type { CriuImage } from './image.js';
import type { GhostFileEntry } from './schema/files.js';

const S_IFMT = 0o170000;
const S_IFREG = 0o100000;
/** Parts of one sparse ghost file; CRIU dumps files of at most 1 MiB by default, so a few hundred at most. */
const MAX_EXTENTS = 1_000_000;

/** A run of another source, where it belongs in an object that is put together from such runs. */
export interface Extent {
  /** Offset in the object. */
  readonly at: number;
  readonly length: number;
  /** Offset in the source. */
  readonly from: number;
}

/** A deleted file whose contents CRIU kept (`ghost-file-N.img`). */
export interface GhostFile {
  readonly head: GhostFileEntry;
  /** The image. */
  readonly source: ByteSource;
  /** Bytes of the file, holes included. */
  readonly size: number;
  /** Where the contents are in the image, ascending and apart from each other; zeros between them. */
  readonly extents: readonly Extent[];
}

/**
 * Where a ghost file's contents are; undefined when it is a directory, FIFO, device or link, which has none.
 *
 * @param limit - the most parts that it may have
 * @throws FormatError when it makes no sense
 */
export async function readGhostFile(
  image: CriuImage<'GHOST_FILE'>,
  limit = MAX_EXTENTS,
): Promise<GhostFile | undefined> {
  const { value: head, extra } = await image.head();
  if ((head.mode & S_IFMT) !== S_IFREG) return undefined;
  const data = extra?.kind === 'bytes' ? [{ at: 0, length: extra.data.length, from: extra.data.offset }] : [];
  const extents = head.chunks === true ? await chunkExtents(image, limit) : data;
  const last = extents.at(-1);
  const end = last === undefined ? 0 : last.at + last.length;
  const size = head.size === undefined ? end : requireSize(head.size, image.name);
  if (end > size) throw new FormatError(image.name, undefined, `has data behind its ${size} bytes`);
  return { head, source: image.source, size, extents };
}

/** The parts of a sparse ghost file, ascending. */
async function chunkExtents(image: CriuImage<'GHOST_FILE'>, limit: number): Promise<Extent[]> {
  const extents: Extent[] = [];
  let floor = 0;
  for await (const { value, offset, extra } of image.entries()) {
    const at = requireSize(value.off, image.name);
    if (at < floor)
      throw new FormatError(image.name, offset, 'parts of the file overlap or are out of order');
    if (extra?.kind !== 'bytes') continue;
    if (extents.length === limit) throw new FormatError(image.name, offset, 'the file has too many parts');
    extents.push({ at, length: extra.data.length, from: extra.data.offset });
    floor = at + extra.data.length;
  }
  return extents;
}

/** A stretch of a ghost file: in the image at `from`, or zeros, or behind the last page of the file. */
export type GhostPiece = { readonly start: bigint; readonly end: bigint } & (
  | { readonly kind: 'data'; readonly from: number }
  | { readonly kind: 'hole' | 'behind' }
);

/**
 * What a mapping of a ghost file has between two offsets of the file, ascending: its contents, zeros from the end of
 * the file to the end of its last page, and behind that nothing.
 */
export function* ghostPieces(
  { extents, size }: Pick<GhostFile, 'extents' | 'size'>,
  start: bigint,
  end: bigint,
  pageSize: number,
): Generator<GhostPiece> {
  const page = BigInt(pageSize);
  const lastPage = ((BigInt(size) + page - 1n) / page) * page;
  const filled = end < lastPage ? end : lastPage;
  let at = start;
  for (let i = firstBehind(extents, Number(start)); at < filled; i += 1) {
    const extent = extents[i];
    const from = extent === undefined ? filled : BigInt(extent.at);
    const dataStart = from < at ? at : from < filled ? from : filled;
    if (at < dataStart) yield { start: at, end: dataStart, kind: 'hole' };
    at = dataStart;
    if (extent === undefined || at === filled) break;
    const extentEnd = BigInt(extent.at + extent.length);
    const dataEnd = extentEnd < filled ? extentEnd : filled;
    if (at < dataEnd) {
      yield { start: at, end: dataEnd, kind: 'data', from: extent.from + Number(at - from) };
      at = dataEnd;
    }
  }
  if (at < end) yield { start: at, end, kind: 'behind' };
}

/** The index of the first of ascending parts that ends behind an offset. */
export function firstBehind(extents: readonly Extent[], offset: number): number {
  return bisectList(extents, ({ at, length }) => at + length <= offset);
}

/** A size that an image gives, as a number. */
export function requireSize(size: bigint, name: string): number {
  if (size > BigInt(Number.MAX_SAFE_INTEGER))
    throw new FormatError(name, undefined, `a size of ${size} bytes`);
  return Number(size);
}
