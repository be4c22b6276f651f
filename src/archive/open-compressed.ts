import { chunksOf } from '../bytes/chunks.js';
import { openSeekableZstd, type SeekableZstd } from '../bytes/seekable-zstd.js';
import type { ByteSource } from '../bytes/source.js';
import { type DecodeFrom, type RestartPoint, StreamedSource } from '../bytes/streamed.js';
import { decompress } from '../bytes/unwrap.js';
import { type Archive, makeArchive, type StorageFacts, type StoredFacts } from './archive.js';
import { KeptData } from './kept-data.js';
import { decodeSealedIndex, isSealedIndex, mayLackBytes, type SealedIndex } from './sealed-index.js';
import { indexTar } from './tar-index.js';
import { passTar } from './tar-pass.js';

/**
 * Opens a compressed tar. One with a seek table is read where it is wanted. Any other is read through once: that
 * finds its entries and where decoding can restart, and keeps the contents of small entries.
 */
export async function openCompressed(
  source: ByteSource,
  location: string,
  format: 'gzip' | 'zstd',
  facts: StoredFacts,
  signal: AbortSignal | undefined,
): Promise<Archive> {
  if (format === 'zstd') {
    const seekable = await openSeekableZstd(source);
    if (seekable !== undefined) return openSeekable(seekable, location, facts, signal);
  }
  return openStreamed(source, location, format, facts, signal);
}

async function openSeekable(
  tar: SeekableZstd,
  location: string,
  facts: StoredFacts,
  signal: AbortSignal | undefined,
): Promise<Archive> {
  const index = await sealedIndex(tar);
  const { entries, marked } =
    index?.entries != null && !mayLackBytes(index.entries)
      ? { entries: index.entries, marked: index.marked }
      : await indexTar(tar, signal);
  const storage: StorageFacts = {
    ...facts,
    compression: 'zstd-seekable',
    tarSize: tar.size,
    endMarked: marked,
    ...(index === undefined ? {} : { sealed: { tarSha256: index.tar.sha256, capture: index.capture } }),
  };
  return makeArchive(location, storage, entries, tar);
}

async function sealedIndex(tar: SeekableZstd): Promise<SealedIndex | undefined> {
  const frame = await tar.lastEmptyFrame();
  if (frame === undefined || !isSealedIndex(frame.bytes)) return undefined;
  return decodeSealedIndex(frame.bytes, tar.name, frame.offset, tar.size);
}

async function openStreamed(
  source: ByteSource,
  location: string,
  format: 'gzip' | 'zstd',
  facts: StoredFacts,
  signal: AbortSignal | undefined,
): Promise<Archive> {
  const points = new RestartPoints();
  const decode: DecodeFrom = ({ input }) =>
    decompress(format, chunksOf(source, input), source.name, { offset: input });
  const firstPass = decompress(format, chunksOf(source, 0, signal), source.name, {
    onFrameEnd: (input, output) => points.add({ input, output }),
  });
  const kept = new KeptData();
  const { entries, marked, size } = await passTar(firstPass, source.name, (entry) => kept.visit(entry));
  const tar = kept.over(new StreamedSource(source, size, points.kept, decode));
  const storage: StorageFacts = { ...facts, compression: format, tarSize: size, endMarked: marked };
  return makeArchive(location, storage, entries, tar);
}

/** Restart points closer than this would cost more memory than they save time. */
const POINT_DISTANCE = 256 * 1024;
/** Of content that is so long that there would be more, every other one is kept. */
const MAX_POINTS = 32_768;

class RestartPoints {
  kept: RestartPoint[] = [{ input: 0, output: 0 }];
  #distance = POINT_DISTANCE;

  add(point: RestartPoint): void {
    if (point.output - (this.kept.at(-1)?.output ?? 0) < this.#distance) return;
    this.kept.push(point);
    if (this.kept.length <= MAX_POINTS) return;
    this.kept = this.kept.filter((_, at) => at % 2 === 0);
    this.#distance *= 2;
  }
}
