import tarStream from 'tar-stream';
import type { PackEntry } from './pack-entry.js';
import { HEADER_MOST, paxHeader, standInName } from './pax-write.js';

type Pack = ReturnType<typeof tarStream.pack>;
type Headers = Parameters<Pack['entry']>[0];

/**
 * A tar, piece by piece: POSIX ustar, with pax headers where that has no room or no means: long names, bytes that are no
 * UTF-8, large ids, times with fractions, holes. The same entries give the same tar.
 *
 * @throws UnsafeError for an entry that no reader would take; what giving entries and contents throws
 */
export async function* packTar(
  entries: Iterable<PackEntry> | AsyncIterable<PackEntry>,
): AsyncGenerator<Uint8Array> {
  const pack = tarStream.pack();
  let failure: { readonly error: unknown } | undefined;
  const packing = packAll(pack, entries).catch((error: unknown) => {
    failure = { error };
    pack.destroy();
  });
  try {
    for await (const piece of pack) yield piece;
  } catch (error) {
    // a stream that is destroyed says no more than that
    failure ??= { error };
  } finally {
    pack.destroy();
    await packing;
  }
  if (failure !== undefined) throw failure.error;
}

async function packAll(pack: Pack, entries: Iterable<PackEntry> | AsyncIterable<PackEntry>): Promise<void> {
  for await (const entry of entries) {
    if (pack.destroyed) return;
    const { records, map } = paxHeader(entry);
    if (records.length > 0) {
      // tar-stream writes pax records of texts; names are bytes. They take whole blocks, so nothing follows the header.
      await pass(pack, { ...PAX, size: records.length });
      pack.push(records);
    }
    const stored = entry.sparse?.reduce((sum, { length }) => sum + length, 0) ?? entry.size;
    await pass(pack, headerOf(entry, map.length + stored), async (write) => {
      if (map.length > 0) await write(map);
      for await (const chunk of entry.content()) await write(chunk);
    });
  }
  pack.finalize();
}

const EPOCH = new Date(0);
const PAX = { name: 'PaxHeader', type: 'pax-header', mode: 0o644, uid: 0, gid: 0, mtime: EPOCH } as const;
/** Says that it is a file: tar-stream takes a mode of 0 for none. */
const REGULAR = 0o100000;

function headerOf(entry: PackEntry, size: number): Headers {
  const { name, mode, uid, gid, mtime, sparse } = entry;
  const seconds = mtime >= 0 && mtime <= HEADER_MOST.seconds ? Math.floor(mtime) : 0;
  return {
    name: standInName(name, sparse !== undefined),
    ...{ type: 'file', mode: REGULAR | mode, size, mtime: new Date(seconds * 1000) },
    ...{ uid: Math.min(uid, HEADER_MOST.id), gid: Math.min(gid, HEADER_MOST.id) },
  };
}

/** Writes a header, and what `feed` gives behind it, as fast as that is read. Waits for both to have ended. */
async function pass(pack: Pack, header: Headers, feed?: Feed): Promise<void> {
  let settle = (_error?: Error | null): void => {};
  const packed = new Promise<void>((resolve, reject) => {
    settle = (error) => (error ? reject(error) : resolve());
  });
  packed.catch(() => {}); // told below, or by what fails before
  const sink = pack.entry(header, (error) => settle(error));
  sink.on('error', (error) => settle(error));
  if (feed === undefined) return packed;
  let wake = (): void => {};
  sink.on('drain', () => wake());
  sink.on('close', () => wake());
  await feed(async (chunk) => {
    if (sink.destroyed) throw new Error('the tar is no longer read');
    if (sink.write(chunk)) return;
    await new Promise<void>((resume) => {
      wake = resume;
    });
  });
  sink.end();
  await packed;
}

type Feed = (write: (chunk: Uint8Array) => Promise<void>) => Promise<void>;
