import type { AgeKeys } from './age-unlock.js';
import { peekStream } from './peek.js';
import { type Coding, sniff, sniffSource } from './sniff.js';
import type { ByteSource } from './source.js';

export type Compression = 'none' | 'gzip' | 'zstd';

/** What a file is stored in: age or not, and below that one compression or none. Told by its content. */
export interface Wrapping {
  readonly encrypted: boolean;
  readonly compression: Compression;
}

/** Gives the keys of a file; called only if it is encrypted. What it throws, unwrapping throws. */
export type AskKeys = () => Promise<AgeKeys>;

/**
 * Takes the encryption off a source, and tells what is below: `decompress`, or a reader of seek tables, takes off that.
 *
 * @param stored - closed with the result, and left open when this fails
 * @param unlock - keys, or the file key itself
 * @throws as `openAge` and `openAgeWithKey`
 */
export async function unwrapSource(
  stored: ByteSource,
  unlock: AskKeys | { readonly fileKey: Uint8Array },
): Promise<Wrapping & { readonly source: ByteSource; readonly fileKey: Uint8Array | undefined }> {
  const outer = await sniffSource(stored);
  if (outer !== 'age') {
    return { encrypted: false, compression: below(outer), source: stored, fileKey: undefined };
  }
  // what a plain file does not need is not loaded for it
  const { openAgeWithKey, unlockAge } = await import('./age-unlock.js');
  const { plaintext, fileKey } =
    typeof unlock === 'function'
      ? await unlockAge(stored, await unlock())
      : { plaintext: await openAgeWithKey(stored, unlock.fileKey), fileKey: unlock.fileKey };
  return { encrypted: true, compression: below(await sniffSource(plaintext)), source: plaintext, fileKey };
}

/** As `unwrapSource`, of what can be read only once. @throws as `decryptAge`, which it may only at the end */
export async function unwrapStream(
  stored: AsyncIterable<Uint8Array>,
  name: string,
  ask: AskKeys,
): Promise<Wrapping & { readonly chunks: AsyncIterable<Uint8Array> }> {
  const { start, chunks } = await peekStream(stored);
  const outer = sniff(start);
  if (outer !== 'age') return { encrypted: false, compression: below(outer), chunks };
  const { decryptAge } = await import('./age-input.js');
  const plain = await peekStream(decryptAge(chunks, name, await ask()));
  return { encrypted: true, compression: below(sniff(plain.start)), chunks: plain.chunks };
}

/** Encryption within encryption is nothing that anything here makes: its content is taken as it is. */
function below(coding: Coding): Compression {
  return coding === 'age' ? 'none' : coding;
}

/** Where decoding begins, and who is told where it could begin again. */
export interface DecompressOptions {
  /** Offset in the coded file of what is decoded, for errors and `onFrameEnd`. */
  readonly offset?: number;
  /** Told, of zstd, the offset in the coded file behind each frame, and how much was decoded up to there. */
  readonly onFrameEnd?: (inputOffset: number, decoded: number) => void;
}

/** What compressed bytes hold, piece by piece. @throws FormatError when they are damaged or cut short */
export function decompress(
  compression: Compression,
  chunks: AsyncIterable<Uint8Array>,
  name: string,
  options: DecompressOptions = {},
): AsyncIterable<Uint8Array> {
  return compression === 'none' ? chunks : decode(compression, chunks, name, options);
}

async function* decode(
  compression: 'gzip' | 'zstd',
  chunks: AsyncIterable<Uint8Array>,
  name: string,
  { offset, onFrameEnd }: DecompressOptions,
): AsyncGenerator<Uint8Array> {
  if (compression === 'gzip') yield* (await import('./gzip.js')).decodeGzip(chunks, name);
  else yield* (await import('./zstd.js')).decodeZstd(chunks, name, offset, onFrameEnd);
}
