import type { ArchiveEntry } from './entry.js';
import { TarFollower } from './tar-follower.js';
import type { TarIndex } from './tar-index.js';

/** Takes the stored data of an entry, piece by piece; pieces may be kept. */
export type DataSink = (chunk: Uint8Array) => void | Promise<void>;

/** Asked at each entry, before its data passes, who takes the data, if anybody. */
export type VisitEntry = (entry: ArchiveEntry) => DataSink | undefined | Promise<DataSink | undefined>;

/**
 * Lists a tar that comes as a stream, and hands the data of chosen entries on while it passes. The stream is read
 * to its end, so that a checksum there is checked.
 *
 * @throws FormatError as `indexTar`
 */
export async function passTar(
  chunks: AsyncIterable<Uint8Array>,
  where: string,
  visit: VisitEntry,
): Promise<TarIndex & { readonly size: number }> {
  const follower = new TarFollower(where);
  let sink: DataSink | undefined;
  for await (const chunk of chunks) {
    for (const passing of follower.follow(chunk)) {
      if (passing.kind === 'entry') {
        sink = await visit(passing.entry);
        continue;
      }
      const wait = sink?.(passing.bytes);
      if (wait !== undefined) await wait;
    }
  }
  return follower.end();
}
