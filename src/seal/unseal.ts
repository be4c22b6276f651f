import { createHash } from 'node:crypto';
import { TarFollower } from '../archive/tar-follower.js';
import { FormatError } from '../base/errors.js';
import { decryptAge } from '../bytes/age-input.js';
import { type AgeKeys, openAge } from '../bytes/age-unlock.js';
import { decodeGzip } from '../bytes/gzip.js';
import { peekStream } from '../bytes/peek.js';
import { SNIFF_LENGTH, sniff } from '../bytes/sniff.js';
import type { ByteSource } from '../bytes/source.js';
import { chunksOf } from '../bytes/streamed.js';
import { decodeZstd } from '../bytes/zstd.js';
import { checkContent } from './check-content.js';
import type { Digest } from './seal-stream.js';

export interface UnsealOptions {
  readonly keys: AgeKeys;
  /** Takes the tar in order, each piece before the whole is known to be right. */
  readonly onContent: (content: Uint8Array) => void | Promise<void>;
  readonly onProgress?: ((done: number, total?: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Unsealed {
  /** What was unsealed. `content.entries` is undefined when it is no tar. */
  readonly content: Digest & { readonly entries: number | undefined };
  readonly compression: 'none' | 'gzip' | 'zstd';
  /** Whether coldcase sealed it, and its index was found to hold. */
  readonly indexChecked: boolean;
}

/**
 * Gives back what was sealed: by coldcase, or by age after zstd, gzip or nothing.
 *
 * @param input - a file, or a stream, of which the index cannot be checked
 * @throws IntegrityError when no key opens it, or anything in it is damaged or missing
 */
export async function unseal(
  input: ByteSource | { readonly name: string; readonly chunks: AsyncIterable<Uint8Array> },
  options: UnsealOptions,
): Promise<Unsealed> {
  if ('chunks' in input) {
    const { start, chunks } = await peekStream(decryptAge(input.chunks, input.name, options.keys));
    return unsealForeign(start, chunks, undefined, input.name, options);
  }
  const payload = await openAge(input, options.keys);
  const checked = await checkContent(payload, options);
  if (checked !== undefined) return { content: checked.tar, compression: 'zstd', indexChecked: true };
  const start = await payload.read(0, Math.min(SNIFF_LENGTH, payload.size));
  return unsealForeign(start, chunksOf(payload, 0, options.signal), payload.size, input.name, options);
}

async function unsealForeign(
  start: Uint8Array,
  chunks: AsyncIterable<Uint8Array>,
  total: number | undefined,
  name: string,
  { onContent, onProgress, signal }: UnsealOptions,
): Promise<Unsealed> {
  const format = sniff(start);
  const compression = format === 'zstd' || format === 'gzip' ? format : 'none';
  let read = 0;
  const counted = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      signal?.throwIfAborted();
      yield chunk;
      read += chunk.length;
      onProgress?.(read, total);
    }
  };
  const decoded =
    compression === 'zstd'
      ? decodeZstd(counted(), name)
      : compression === 'gzip'
        ? decodeGzip(counted(), name)
        : counted();
  const hash = createHash('sha256');
  const tar = new MaybeTar(name);
  let size = 0;
  for await (const content of decoded) {
    hash.update(content);
    size += content.length;
    tar.push(content);
    await onContent(content);
  }
  const entries = tar.end();
  return { content: { size, sha256: hash.digest('hex'), entries }, compression, indexChecked: false };
}

/** Counts the entries of what may or may not be a tar: whatever age encrypted is given back all the same. */
class MaybeTar {
  private follower: TarFollower | undefined;

  constructor(name: string) {
    this.follower = new TarFollower(name);
  }

  push(content: Uint8Array): void {
    this.attempt((follower) => follower.push(content));
  }

  end(): number | undefined {
    return this.attempt((follower) => follower.end().entries.length || undefined);
  }

  private attempt<T>(work: (follower: TarFollower) => T): T | undefined {
    if (this.follower === undefined) return undefined;
    try {
      return work(this.follower);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.follower = undefined;
      return undefined;
    }
  }
}
