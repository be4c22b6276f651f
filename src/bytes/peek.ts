import { SNIFF_LENGTH } from './sniff.js';

/** A stream of which the beginning was looked at. */
export interface Peeked {
  /** Its first bytes, enough for `sniff`. */
  readonly start: Uint8Array;
  /** All of it, the start included. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Looks at the first bytes of a stream, and gives the whole of it again. */
export async function peekStream(stream: AsyncIterable<Uint8Array>): Promise<Peeked> {
  const iterator = stream[Symbol.asyncIterator]();
  const taken: Uint8Array[] = [];
  for (let length = 0; length < SNIFF_LENGTH; ) {
    const next = await iterator.next();
    if (next.done === true) break;
    taken.push(next.value);
    length += next.value.length;
  }
  return { start: Buffer.concat(taken).subarray(0, SNIFF_LENGTH), chunks: resume(taken, iterator) };
}

async function* resume(
  taken: readonly Uint8Array[],
  iterator: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* taken;
    for (;;) {
      const next = await iterator.next();
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}
