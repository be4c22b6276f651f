import fc from 'fast-check';
import { openArchive } from '../../src/archive/open.js';
import { FormatError } from '../../src/base/errors.js';
import { MemorySource } from '../../src/bytes/memory.js';
import { decodeFile, fileInfo } from '../../src/criu/decode.js';
import { IMAGE_KINDS } from '../../src/criu/kinds.js';
import { listImages } from '../../src/criu/read.js';
import { SAMPLES, samplePath } from './samples.js';

/** Every image of the sample archives that is no larger than a hundred kilobytes, raw ones included. */
export async function realImages(): Promise<Uint8Array[]> {
  const images: Uint8Array[] = [];
  for (const sample of SAMPLES) {
    const archive = await openArchive(samplePath(sample));
    for (const entry of (await listImages(archive)).values()) {
      if (entry.size < 100_000) images.push((await archive.open(entry).read(0, entry.size)).slice());
    }
    await archive.close();
  }
  return images;
}

const MAGICS = Object.values(IMAGE_KINDS).map(({ magic }) => magic);

type Edit =
  | { readonly kind: 'byte'; readonly at: number; readonly value: number }
  | { readonly kind: 'word'; readonly at: number; readonly value: number }
  | { readonly kind: 'cut'; readonly at: number; readonly length: number }
  | { readonly kind: 'repeat'; readonly at: number; readonly length: number }
  | { readonly kind: 'magic'; readonly at: number };

/** What may happen to an image: bytes and words that change, parts that are lost or come twice, another kind. */
export const editsArbitrary: fc.Arbitrary<readonly Edit[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('byte' as const), at: fc.nat(), value: fc.nat(255) }),
    fc.record({
      kind: fc.constant('word' as const),
      at: fc.nat(),
      value: fc.oneof(fc.nat(64), fc.constantFrom(0x7fffffff, 0x80000000, 0xffffffff), fc.nat(0xffffff)),
    }),
    fc.record({ kind: fc.constant('cut' as const), at: fc.nat(), length: fc.nat(200) }),
    fc.record({ kind: fc.constant('repeat' as const), at: fc.nat(), length: fc.nat(200) }),
    fc.record({ kind: fc.constant('magic' as const), at: fc.nat(MAGICS.length - 1) }),
  ),
  { minLength: 1, maxLength: 6 },
);

/** Edits wrap around the end, half of them around the first 64 bytes, where most of the structure is. */
export function mutated(image: Uint8Array, edits: readonly Edit[]): Buffer {
  let bytes = Buffer.from(image);
  for (const edit of edits) {
    if (bytes.length < 12) break;
    const at = edit.at % (edit.at % 2 === 0 ? Math.min(64, bytes.length - 4) : bytes.length - 4);
    if (edit.kind === 'byte') bytes[at] = edit.value;
    else if (edit.kind === 'word') bytes.writeUInt32LE(edit.value >>> 0, at);
    else if (edit.kind === 'magic') bytes.writeUInt32LE(MAGICS[edit.at] ?? 0, 4);
    else if (edit.kind === 'cut')
      bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + edit.length)]);
    else bytes = Buffer.concat([bytes.subarray(0, at + edit.length), bytes.subarray(at)]);
  }
  return bytes;
}

/**
 * Decodes all that there is. The result is JSON and the only error a FormatError within the image, or this throws.
 */
export async function decodeHostile(image: Uint8Array, pretty: boolean): Promise<'decoded' | 'refused'> {
  const source = new MemorySource(image, 'hostile');
  await fileInfo('hostile', source).catch(requireFormatError(image));
  let text = '';
  let outcome: 'decoded' | 'refused' = 'decoded';
  try {
    for await (const piece of decodeFile('hostile', source, { pretty })) text += piece;
  } catch (error) {
    requireFormatError(image)(error);
    outcome = 'refused';
  }
  JSON.parse(text);
  return outcome;
}

function requireFormatError(image: Uint8Array): (error: unknown) => void {
  return (error) => {
    const within = error instanceof FormatError && error.offset !== undefined && error.offset <= image.length;
    if (!within) throw error;
  };
}
