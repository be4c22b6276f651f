import { FailedError, FormatError } from '../base/errors.js';
import { looksLikeArmor } from './age-armor.js';
import { parseAgeHeader } from './age-header.js';
import { ChunkOpener, payloadKey, SEALED_CHUNK_SIZE, TAG_SIZE } from './age-stream.js';
import { type AgeKeys, openAge, unlockFileKey } from './age-unlock.js';
import { MemorySource } from './memory.js';
import { chunksOf } from './streamed.js';

/** An armored file on a stream is held in memory, up to this size. */
const MAX_ARMORED = 64 * 1024 * 1024;

/**
 * Decrypts an age file that comes as a stream. Every chunk is authenticated before a byte of it is passed on;
 * that the file was not cut is known only at the end.
 *
 * @throws as `openAge`
 */
export async function* decryptAge(
  input: AsyncIterable<Uint8Array>,
  name: string,
  keys: AgeKeys,
): AsyncGenerator<Uint8Array> {
  const chunks = input[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);
  const more = async (): Promise<boolean> => {
    const next = await chunks.next();
    if (next.done === true) return false;
    held = held.length === 0 ? Buffer.from(next.value) : Buffer.concat([held, next.value]);
    return true;
  };
  await more();
  if (looksLikeArmor(held)) {
    while (await more()) {
      if (held.length <= MAX_ARMORED) continue;
      throw new FailedError(`${name}: an armored file of more than 64 MiB cannot be read from a stream`, {
        remedy: 'save it to a file, and name that',
      });
    }
    const plain = await openAge(new MemorySource(held, name), keys);
    yield* chunksOf(plain);
    return;
  }
  let header = parseAgeHeader(held, name);
  while (header === undefined) {
    if (!(await more())) throw new FormatError(name, held.length, 'ends within the age header');
    header = parseAgeHeader(held, name);
  }
  const fileKey = await unlockFileKey(header, keys, name);
  const opener = new ChunkOpener(payloadKey(fileKey, header.nonce), name);
  held = held.subarray(header.payloadOffset);
  for (let chunk = 0; ; chunk += 1) {
    // A chunk is the last one if nothing follows it.
    while (held.length <= SEALED_CHUNK_SIZE && (await more()));
    const last = held.length <= SEALED_CHUNK_SIZE;
    const size = Math.min(held.length, SEALED_CHUNK_SIZE);
    const empty = size === TAG_SIZE && chunk > 0;
    if (size < TAG_SIZE || empty) {
      throw new FormatError(name, undefined, 'truncated: the encrypted payload ends within a chunk');
    }
    yield opener.open(held.subarray(0, size), chunk, last);
    held = held.subarray(size);
    if (last) return;
  }
}
