import type { AddressSpace, Segment } from '../criu/address-space.js';

/** Bytes read at once. */
export const CHUNK = 1 << 20;

/** A piece of memory with its bytes, or without where it was never written or is not in the archive. */
export interface MemoryChunk {
  /** Address of the first byte. */
  readonly address: bigint;
  readonly size: bigint;
  readonly segment: Segment;
  /** At most 1 MiB; undefined when the segment's backing is not `pages`. */
  readonly bytes: Uint8Array | undefined;
}

/** The memory of [start, end) in ascending order, in chunks; gaps between mappings are left out. */
export async function* memoryChunks(
  space: AddressSpace,
  options: { readonly start?: bigint; readonly end?: bigint; readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<MemoryChunk> {
  for (const segment of space.segments(options.start, options.end)) {
    options.signal?.throwIfAborted();
    const { start, end, backing } = segment;
    if (backing.kind !== 'pages') {
      yield { address: start, size: end - start, segment, bytes: undefined };
      continue;
    }
    const size = Number(end - start);
    for (let done = 0; done < size; done += CHUNK) {
      options.signal?.throwIfAborted();
      const bytes = await backing.pages.source.read(backing.offset + done, Math.min(CHUNK, size - done));
      yield { address: start + BigInt(done), size: BigInt(bytes.length), segment, bytes };
    }
  }
}
