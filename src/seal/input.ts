import { createHash } from 'node:crypto';
import { UsageError } from '../base/errors.js';
import { descriptorSource } from '../bytes/file.js';
import { decodeGzip } from '../bytes/gzip.js';
import { type Peeked, peekStream } from '../bytes/peek.js';
import { SNIFF_LENGTH, sniff } from '../bytes/sniff.js';
import { chunksOf } from '../bytes/streamed.js';
import { decodeZstd } from '../bytes/zstd.js';
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
  readonly compression: 'none' | 'gzip' | 'zstd';
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
  const { start, chunks } = await peek(input, signal);
  const format = sniff(start);
  if (format === 'age') {
    throw new UsageError(`${input.name} is encrypted already`, {
      remedy: 'to seal it for others, unseal it first: coldcase unseal FILE -o - | coldcase seal - -r ...',
    });
  }
  if (format === 'other') {
    const tar: FrameInput = 'fd' in input ? { fd: input.fd, size: input.size } : { chunks };
    const tarSize = 'fd' in input ? input.size : undefined;
    return { tar, compression: 'none', tarSize, digest: () => undefined };
  }
  const hash = createHash('sha256');
  let size = 0;
  const hashed = tap(chunks, (chunk) => {
    hash.update(chunk);
    size += chunk.length;
  });
  const decode = format === 'gzip' ? decodeGzip : decodeZstd;
  return {
    tar: { chunks: decode(hashed, input.name) },
    compression: format,
    tarSize: undefined,
    digest: () => ({ size, sha256: hash.digest('hex') }),
  };
}

async function peek(input: SealInput, signal: AbortSignal | undefined): Promise<Peeked> {
  if ('fd' in input) {
    const source = descriptorSource(input.fd, input.size, input.name); // never closed: the descriptor is not ours
    const start = await source.read(0, Math.min(SNIFF_LENGTH, source.size));
    return { start, chunks: chunksOf(source, 0, signal) };
  }
  return peekStream(input.chunks);
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
