import { createHash } from 'node:crypto';
import { TarFollower } from '../archive/tar-follower.js';
import { FormatError } from '../base/errors.js';
import { notAge } from '../bytes/age-header.js';
import type { AgeKeys } from '../bytes/age-unlock.js';
import { chunksOf } from '../bytes/chunks.js';
import type { ByteSource } from '../bytes/source.js';
import { type Compression, decompress, unwrapSource, unwrapStream } from '../bytes/unwrap.js';
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
  readonly compression: Compression;
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
  const keys = async (): Promise<AgeKeys> => options.keys;
  if ('chunks' in input) {
    const stream = await unwrapStream(input.chunks, input.name, keys);
    if (!stream.encrypted) throw notAge(input.name);
    return unsealForeign(stream, undefined, input.name, options);
  }
  const { encrypted, compression, source } = await unwrapSource(input, keys);
  if (!encrypted) throw notAge(input.name);
  const checked = await checkContent(source, options);
  if (checked !== undefined) return { content: checked.tar, compression: 'zstd', indexChecked: true };
  const chunks = chunksOf(source, 0, options.signal);
  return unsealForeign({ compression, chunks }, source.size, input.name, options);
}

async function unsealForeign(
  { compression, chunks }: { readonly compression: Compression; readonly chunks: AsyncIterable<Uint8Array> },
  total: number | undefined,
  name: string,
  { onContent, onProgress, signal }: UnsealOptions,
): Promise<Unsealed> {
  let read = 0;
  const counted = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      signal?.throwIfAborted();
      yield chunk;
      read += chunk.length;
      onProgress?.(read, total);
    }
  };
  const hash = createHash('sha256');
  const tar = new MaybeTar(name);
  let size = 0;
  for await (const content of decompress(compression, counted(), name)) {
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
  #follower: TarFollower | undefined;

  constructor(name: string) {
    this.#follower = new TarFollower(name);
  }

  push(content: Uint8Array): void {
    this.#attempt((follower) => follower.push(content));
  }

  end(): number | undefined {
    return this.#attempt((follower) => follower.end().entries.length || undefined);
  }

  #attempt<T>(work: (follower: TarFollower) => T): T | undefined {
    if (this.#follower === undefined) return undefined;
    try {
      return work(this.#follower);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.#follower = undefined;
      return undefined;
    }
  }
}
