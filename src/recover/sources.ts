import { requireRange } from '../bytes/range.js';
import type { ByteSource } from '../bytes/source.js';
import { backingOf, notInArchive } from '../criu/address-space.js';
import { type Extent, firstBehind } from '../criu/ghost-file.js';
import { type PageLayer, pagePieces } from '../criu/page-layers.js';
import type { DataRun } from './recovered.js';

/** An object put together from runs of a source, in ascending order; zeros between them. */
export function extentSource(
  source: ByteSource,
  extents: readonly Extent[],
  size: number,
  name: string,
): ByteSource {
  const self: ByteSource = {
    name,
    size,
    read: async (offset, length) => {
      requireRange(self, offset, length);
      const out = new Uint8Array(length);
      for (let i = firstBehind(extents, offset); i < extents.length; i += 1) {
        const extent = extents[i];
        if (extent === undefined || extent.at >= offset + length) break;
        const start = Math.max(extent.at, offset);
        const end = Math.min(extent.at + extent.length, offset + length);
        out.set(await source.read(extent.from + start - extent.at, end - start), start - offset);
      }
      return out;
    },
    close: () => Promise.resolve(),
  };
  return self;
}

/** Shared memory from its pagemap, as a source of `size` bytes; pages that were never written are zeros. */
export function layerSource(layer: PageLayer, size: number, name: string): ByteSource {
  const self: ByteSource = {
    name,
    size,
    read: async (offset, length) => {
      requireRange(self, offset, length);
      const out = new Uint8Array(length);
      for (const piece of pagePieces(layer, BigInt(offset), BigInt(offset + length))) {
        if (piece.kind === 'hole') continue;
        if (piece.kind !== 'pages') {
          throw notInArchive(piece.start, backingOf(piece));
        }
        const bytes = await piece.pages.source.read(piece.offset, Number(piece.end - piece.start));
        out.set(bytes, Number(piece.start) - offset);
      }
      return out;
    },
    close: () => Promise.resolve(),
  };
  return self;
}

/** Where shared memory of `size` bytes has pages. */
export function layerRuns(layer: PageLayer, size: number): DataRun[] {
  const runs: DataRun[] = [];
  for (const piece of pagePieces(layer, 0n, BigInt(size))) {
    if (piece.kind === 'hole') continue;
    runs.push({ offset: Number(piece.start), length: Number(piece.end - piece.start) });
  }
  return runs;
}
