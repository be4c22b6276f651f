import { createHash } from 'node:crypto';
import { UsageError } from '../base/errors.js';
import { chunksOf } from '../bytes/chunks.js';
import { descriptorSource } from '../bytes/file.js';
import { type Compression, decompress, unwrapSource, unwrapStream, type Wrapping } from '../bytes/unwrap.js';
import type { FrameInput } from './frames.js';
import type { Digest } from './seal-stream.js';

/**
 * What is to be sealed: a regular file by its descriptor, read by offset and left open, or a stream.
 * `name` is for errors and the manifest.
 */
export type SealInput =
  | { readonly name: string; readonly fd: number; readonly size: number }
  | { readonly name: string; readonly chunks: AsyncIterable<Uint8Array> };

/** The tar within an input. */
export interface TarInput {
  readonly tar: FrameInput;
  readonly compression: Compression;
  /** Bytes of the tar, where that is known beforehand. */
  readonly tarSize: number | undefined;
  /** Size and hash of the compressed input. To be asked once the tar was read to its end; not for plain tars. */
  readonly digest: () => Digest | undefined;
}

/**
 * Finds the tar: in a plain input as it is, in gzip and zstd by decompressing, hashing the input on the way.
 *
 * @throws UsageError when the input is encrypted already
 */
export async function openTarInput(input: SealInput, signal?: AbortSignal): Promise<TarInput> {
  const { compression, chunks } = await unwrapInput(input, signal);
  if (compression === 'none') {
    const tar: FrameInput = 'fd' in input ? input : { chunks };
    const tarSize = 'fd' in input ? input.size : undefined;
    return { tar, compression, tarSize, digest: () => undefined };
  }
  const hash = createHash('sha256');
  let size = 0;
  const hashed = tap(chunks, (chunk) => {
    hash.update(chunk);
    size += chunk.length;
  });
  return {
    tar: { chunks: decompress(compression, hashed, input.name) },
    compression,
    tarSize: undefined,
    digest: () => ({ size, sha256: hash.digest('hex') }),
  };
}

async function unwrapInput(
  input: SealInput,
  signal: AbortSignal | undefined,
): Promise<Wrapping & { readonly chunks: AsyncIterable<Uint8Array> }> {
  const refuse = (): Promise<never> =>
    Promise.reject(
      new UsageError(`${input.name} is encrypted already`, {
        remedy: 'to seal it for others, unseal it first: coldcase unseal FILE -o - | coldcase seal - -r ...',
      }),
    );
  if ('chunks' in input) return unwrapStream(input.chunks, input.name, refuse);
  // never closed: the descriptor is not ours
  const stored = descriptorSource(input.fd, input.size, input.name);
  const { source, ...wrapping } = await unwrapSource(stored, refuse);
  return { ...wrapping, chunks: chunksOf(source, 0, signal) };
}

async function* tap(
  chunks: AsyncIterable<Uint8Array>,
  look: (chunk: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    look(chunk);
    yield chunk;
  }
}
