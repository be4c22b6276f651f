import type { AddressSpace, Segment } from '../criu/address-space.js';
import type { PagesImage } from '../criu/page-layers.js';

/** Bytes of a window that a search looks at afresh; small enough to stay in a core's cache. */
export const BODY = 1 << 20;
/** Windows are handed out in tasks of about this many bytes. */
const TASK = 16 << 20;

/** Zeros kept at either end of memory that was never written; a match that needs more of them is cut short. */
const ZERO_EDGE = 4096;

/** A piece of a window: bytes of a pages image, or zeros. */
export interface Piece {
  /** Index of the image in the plan's list; -1 for zeros. */
  readonly image: number;
  readonly offset: number;
  readonly length: number;
}

/** A stretch of one process's memory without gaps: what a scanner sees at once. Plain data, for workers. */
export interface Window {
  /** Address of the first byte, which may lie before the part to be searched. */
  readonly address: bigint;
  /** Matches that begin in [from, to) belong to this window; the rest is there to complete and to judge them. */
  readonly from: number;
  readonly to: number;
  readonly pieces: readonly Piece[];
}

/** How far a pattern looks. */
export interface Reach {
  /** Bytes before a match that it may depend on (or that are wanted as context). */
  readonly before: number;
  /** Bytes from its first byte on that it may depend on. */
  readonly after: number;
}

/** Images named in windows by index, shared by all windows of a plan. */
export class ImageList {
  readonly images: PagesImage[] = [];
  readonly #indices = new Map<PagesImage, number>();

  indexOf(image: PagesImage): number {
    const known = this.#indices.get(image);
    if (known !== undefined) return known;
    this.#indices.set(image, this.images.length);
    return this.images.push(image) - 1;
  }
}

/**
 * Cuts the readable memory of a process into windows, in tasks of about 16 MiB of neighbouring ones, ascending.
 *
 * Memory that was never written is all zeros and is left out but for the edges that a match next to it may need.
 */
export function* windowTasks(
  space: AddressSpace,
  list: ImageList,
  reach: Reach,
  start?: bigint,
  end?: bigint,
): Generator<Window[]> {
  let task: Window[] = [];
  let size = 0;
  for (const span of spans(space.segments(start, end), list, reach)) {
    for (const window of cut(span, reach)) {
      task.push(window);
      size += window.to - window.from;
      if (size < TASK) continue;
      yield task;
      task = [];
      size = 0;
    }
  }
  if (task.length > 0) yield task;
}

interface Span {
  start: bigint;
  length: number;
  readonly pieces: Piece[];
}

/** Maximal runs of readable bytes at consecutive addresses. */
function* spans(segments: Iterable<Segment>, list: ImageList, reach: Reach): Generator<Span> {
  const edge = Math.min(reach.before + reach.after, ZERO_EDGE);
  let span: Span | undefined;
  let end = 0n;
  for (const { start, end: to, backing } of segments) {
    if (span !== undefined && (start !== end || backing.kind === 'file' || backing.kind === 'missing')) {
      if (hasPages(span)) yield span;
      span = undefined;
    }
    end = to;
    if (backing.kind === 'pages') {
      span ??= { start, length: 0, pieces: [] };
      append(span, {
        image: list.indexOf(backing.pages),
        offset: backing.offset,
        length: Number(to - start),
      });
    } else if (backing.kind === 'zero') {
      const length = to - start;
      if (length <= BigInt(2 * edge)) {
        span ??= { start, length: 0, pieces: [] };
        append(span, { image: -1, offset: 0, length: Number(length) });
        continue;
      }
      if (span !== undefined) {
        append(span, { image: -1, offset: 0, length: edge });
        if (hasPages(span)) yield span;
      }
      span = { start: to - BigInt(edge), length: 0, pieces: [] };
      append(span, { image: -1, offset: 0, length: edge });
    }
  }
  if (span !== undefined && hasPages(span)) yield span;
}

function hasPages(span: Span): boolean {
  return span.pieces.some((piece) => piece.image !== -1);
}

function append(span: Span, piece: Piece): void {
  if (piece.length === 0) return;
  span.length += piece.length;
  const last = span.pieces.at(-1);
  const joined =
    last?.image === piece.image && (piece.image === -1 || last.offset + last.length === piece.offset);
  if (last !== undefined && joined) {
    span.pieces[span.pieces.length - 1] = { ...last, length: last.length + piece.length };
  } else {
    span.pieces.push(piece);
  }
}

/** Windows over a span: bodies side by side, each with what its matches may reach before and after. */
function* cut(span: Span, reach: Reach): Generator<Window> {
  let index = 0; // of the first piece that the next window may need
  let base = 0; // where in the span that piece begins
  for (let body = 0; body < span.length; body += BODY) {
    const begin = Math.max(0, body - reach.before);
    const bodyEnd = Math.min(span.length, body + BODY);
    const end = Math.min(span.length, bodyEnd + reach.after);
    for (let piece = span.pieces[index]; piece !== undefined && base + piece.length <= begin; ) {
      base += piece.length;
      index += 1;
      piece = span.pieces[index];
    }
    yield {
      address: span.start + BigInt(begin),
      from: body - begin,
      to: bodyEnd - begin,
      pieces: slicePieces(span.pieces, index, base, begin, end),
    };
  }
}

function slicePieces(
  pieces: readonly Piece[],
  index: number,
  base: number,
  begin: number,
  end: number,
): Piece[] {
  const out: Piece[] = [];
  let at = base;
  for (let i = index; at < end; i += 1) {
    const piece = pieces[i];
    if (piece === undefined) break;
    const from = Math.max(begin - at, 0);
    const to = Math.min(end - at, piece.length);
    if (from < to) {
      out.push({
        image: piece.image,
        offset: piece.image === -1 ? 0 : piece.offset + from,
        length: to - from,
      });
    }
    at += piece.length;
  }
  return out;
}
