import { FormatError } from '../base/errors.js';
import type { AgeHeader } from './age-header.js';
import { CHUNK_SIZE, ChunkOpener, payloadKey, plaintextSize, SEALED_CHUNK_SIZE } from './age-stream.js';
import type { ByteSource } from './source.js';

const CACHED_CHUNKS = 32;
/** Ciphertext read at a time when a range spans many chunks. */
const BATCH_CHUNKS = 32;

/**
 * The plaintext of an age file, any part of it without the parts before. Chunks are authenticated before a byte
 * of them is returned, and the last one when the file is opened, so that a cut file is found at once.
 *
 * @param source - the whole age file; closed with the result
 * @throws IntegrityError when the last chunk does not authenticate
 * @throws FormatError when the payload has an impossible size
 */
export async function openAgePayload(
  source: ByteSource,
  header: AgeHeader,
  fileKey: Uint8Array,
): Promise<ByteSource> {
  const size = plaintextSize(source.size - header.payloadOffset, source.name);
  const payload = new AgePayload(source, header.payloadOffset, payloadKey(fileKey, header.nonce), size);
  await payload.read(Math.max(0, size - 1), Math.min(1, size));
  if (size === 0) await payload.checkEmpty();
  return payload;
}

class AgePayload implements ByteSource {
  readonly name: string;
  readonly #opener: ChunkOpener;
  readonly #lastChunk: number;
  /** Most recently used last. */
  readonly #cache = new Map<number, Buffer>();
  readonly #source: ByteSource;
  readonly #start: number;
  readonly size: number;

  constructor(source: ByteSource, start: number, key: Uint8Array, size: number) {
    this.#source = source;
    this.#start = start;
    this.size = size;
    this.name = source.name;
    this.#opener = new ChunkOpener(key, source.name);
    this.#lastChunk = Math.max(0, Math.ceil(size / CHUNK_SIZE) - 1);
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    if (!(offset >= 0 && length >= 0 && offset + length <= this.size)) {
      throw new FormatError(this.name, offset, `${length} bytes wanted past the end of its plaintext`);
    }
    if (length === 0) return new Uint8Array(0);
    const first = Math.floor(offset / CHUNK_SIZE);
    const last = Math.floor((offset + length - 1) / CHUNK_SIZE);
    if (first === last) {
      const at = offset - first * CHUNK_SIZE;
      return (await this.#chunk(first)).subarray(at, at + length);
    }
    const out = Buffer.allocUnsafe(length);
    for (let chunk = first; chunk <= last; ) {
      const cached = this.#cache.get(chunk);
      if (cached !== undefined) this.#copyChunk(chunk, cached, out, offset);
      chunk += cached === undefined ? await this.#copyRun(chunk, last, out, offset) : 1;
    }
    return out;
  }

  /** Reads as many chunks at once as are not cached, copies them to `out`, and returns how many they were. */
  async #copyRun(first: number, last: number, out: Buffer, offset: number): Promise<number> {
    let count = 1;
    while (count < BATCH_CHUNKS && first + count <= last && !this.#cache.has(first + count)) count += 1;
    const sealed = await this.#sealed(first, count);
    for (let i = 0; i < count; i += 1) {
      const at = i * SEALED_CHUNK_SIZE;
      const plain = this.#open(
        sealed.subarray(at, Math.min(at + SEALED_CHUNK_SIZE, sealed.length)),
        first + i,
      );
      this.#copyChunk(first + i, plain, out, offset);
      if (i === count - 1) this.#keep(first + i, plain); // where a sequential reader continues
    }
    return count;
  }

  #copyChunk(chunk: number, plain: Buffer, out: Buffer, offset: number): void {
    const at = chunk * CHUNK_SIZE - offset;
    plain.copy(out, Math.max(0, at), Math.max(0, -at));
  }

  async #chunk(chunk: number): Promise<Buffer> {
    const cached = this.#cache.get(chunk);
    const plain = cached ?? this.#open(await this.#sealed(chunk, 1), chunk);
    this.#keep(chunk, plain);
    return plain;
  }

  #keep(chunk: number, plain: Buffer): void {
    this.#cache.delete(chunk);
    this.#cache.set(chunk, plain);
    if (this.#cache.size <= CACHED_CHUNKS) return;
    const [oldest] = this.#cache.keys();
    if (oldest !== undefined) this.#cache.delete(oldest);
  }

  #sealed(first: number, count: number): Promise<Uint8Array> {
    const from = this.#start + first * SEALED_CHUNK_SIZE;
    return this.#source.read(from, Math.min(count * SEALED_CHUNK_SIZE, this.#source.size - from));
  }

  #open(sealed: Uint8Array, chunk: number): Buffer {
    return this.#opener.open(sealed, chunk, chunk === this.#lastChunk);
  }

  /** An empty plaintext is one chunk that holds only a tag. */
  async checkEmpty(): Promise<void> {
    this.#open(await this.#sealed(0, 1), 0);
  }

  close(): Promise<void> {
    this.#cache.clear();
    return this.#source.close();
  }
}
