import type { ByteSource } from '../bytes/source.js';
import { firstRunBehind, type PageRun } from './pagemap.js';

/** A pages image (`pages-N.img`): raw pages, one behind the other, no header. */
export interface PagesImage {
  /** Name of the archive's entry. */
  readonly name: string;
  readonly source: ByteSource;
  /** Offset of its first byte in the uncompressed tar; undefined when it is stored in pieces (a sparse entry). */
  readonly archiveOffset: number | undefined;
}

/** A pagemap with its pages, and the pagemap of the parent checkpoint that it builds on, if that is at hand. */
export interface PageLayer {
  readonly runs: readonly PageRun[];
  /** Undefined when the archive does not hold them. */
  readonly pages: PagesImage | undefined;
  readonly parent: PageLayer | undefined;
}

/** A piece of an address space or of a shared object, and where its contents are. */
export type PagePiece = { readonly start: bigint; readonly end: bigint } & (
  | { readonly kind: 'pages'; readonly pages: PagesImage; readonly offset: number }
  /** Not in the pagemap at all: what that means is for the mapping to say. */
  | { readonly kind: 'hole' }
  /** In a parent checkpoint that the archive does not hold. */
  | { readonly kind: 'parent' }
  /** Left with a page server. */
  | { readonly kind: 'absent' }
  /** In a pages image that the archive does not hold. */
  | { readonly kind: 'stripped' }
);

/** What a layer says about [start, end): pieces in ascending order that cover all of it. */
export function* pagePieces(layer: PageLayer, start: bigint, end: bigint): Generator<PagePiece> {
  let at = start;
  for (let i = firstRunBehind(layer.runs, start); at < end; i += 1) {
    const run = layer.runs[i];
    const runStart = run === undefined || run.start > end ? end : run.start;
    if (at < runStart) {
      yield { start: at, end: runStart, kind: 'hole' };
      at = runStart;
    }
    if (run === undefined || at === end) return;
    const to = run.end < end ? run.end : end;
    yield* runPieces(layer, run, at, to);
    at = to;
  }
}

function* runPieces(layer: PageLayer, run: PageRun, start: bigint, end: bigint): Generator<PagePiece> {
  if (run.where === 'present' && layer.pages !== undefined) {
    const offset = run.offset + Number(start - run.start);
    yield { start, end, kind: 'pages', pages: layer.pages, offset };
  } else if (run.where === 'parent' && layer.parent !== undefined) {
    for (const piece of pagePieces(layer.parent, start, end)) {
      // the parent's own pagemap has no such page: CRIU refuses to restore this; nothing can be shown for it
      yield piece.kind === 'hole' ? { ...piece, kind: 'parent' } : piece;
    }
  } else {
    yield { start, end, kind: run.where === 'present' ? 'stripped' : run.where };
  }
}
