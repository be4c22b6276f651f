import { createDecipheriv, createHmac, hkdfSync } from 'node:crypto';
import { FormatError, IntegrityError } from '../base/errors.js';

/** Plaintext bytes of every payload chunk but the last (age-encryption.org/v1, "Payload"). */
export const CHUNK_SIZE = 64 * 1024;
/** Bytes of the Poly1305 tag that follows each chunk. */
export const TAG_SIZE = 16;
export const SEALED_CHUNK_SIZE = CHUNK_SIZE + TAG_SIZE;

/** The cipher of the payload, as node:crypto names it. */
export const CIPHER = 'chacha20-poly1305';
export const CIPHER_OPTIONS = { authTagLength: TAG_SIZE } as const;

/** The key that the payload's chunks are encrypted with, from the file key and the nonce after the header. */
export function payloadKey(fileKey: Uint8Array, nonce: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', fileKey, nonce, 'payload', 32));
}

/** The MAC that a header's last line must hold (age-encryption.org/v1, "Header MAC"), as base64 without padding. */
export function headerMac(fileKey: Uint8Array, authenticated: Uint8Array): string {
  const key = new Uint8Array(hkdfSync('sha256', fileKey, new Uint8Array(0), 'header', 32));
  return createHmac('sha256', key).update(authenticated).digest('base64').replace(/=+$/, '');
}

/** Writes a chunk's nonce into 12 bytes: its number as 11 bytes big-endian, then 1 for the last chunk. */
export function setChunkNonce(nonce: Buffer, chunk: number, last: boolean): void {
  nonce.fill(0, 0, 5);
  nonce.writeUIntBE(chunk, 5, 6); // 2^48 chunks are 16 EiB
  nonce[11] = last ? 1 : 0;
}

/**
 * Plaintext bytes of a payload of `sealed` bytes.
 *
 * @throws FormatError when no payload has this size: cut within a tag, or empty
 */
export function plaintextSize(sealed: number, name: string): number {
  const full = Math.floor(sealed / SEALED_CHUNK_SIZE);
  const rest = sealed % SEALED_CHUNK_SIZE;
  const emptyLast = rest === TAG_SIZE && full > 0; // only an empty file may end in an empty chunk
  if (sealed < TAG_SIZE || (rest > 0 && rest < TAG_SIZE) || emptyLast) {
    throw new FormatError(name, undefined, 'truncated: the encrypted payload ends within a chunk');
  }
  return sealed - TAG_SIZE * (full + (rest > 0 ? 1 : 0));
}

/** Bytes that `plain` bytes of plaintext take as payload chunks. */
export function sealedSize(plain: number): number {
  return plain + TAG_SIZE * Math.max(1, Math.ceil(plain / CHUNK_SIZE));
}

/** Decrypts single payload chunks. */
export class ChunkOpener {
  readonly #nonce = Buffer.alloc(12);
  readonly #key: Uint8Array;
  readonly #name: string;

  constructor(key: Uint8Array, name: string) {
    this.#key = key;
    this.#name = name;
  }

  /**
   * @param sealed - one whole chunk, its tag included
   * @param chunk - its number, from 0
   * @param last - whether the payload ends with it
   * @throws IntegrityError when the chunk is not what was encrypted at this place under this key
   */
  open(sealed: Uint8Array, chunk: number, last: boolean): Buffer {
    const { plain, error } = this.openAnyway(sealed, chunk, last);
    if (error !== undefined) throw error;
    return plain;
  }

  /**
   * As `open`, but of a chunk that is genuine, and is or is not the last one only against what was written, the
   * content comes with the error: a reader of a stream has it before the end can be seen.
   *
   * @throws IntegrityError when the chunk is not genuine
   */
  openAnyway(
    sealed: Uint8Array,
    chunk: number,
    last: boolean,
  ): { readonly plain: Buffer; readonly error: IntegrityError | undefined } {
    const plain = this.#decrypt(sealed, chunk, last);
    if (plain !== undefined) return { plain, error: undefined };
    const otherwise = sealed.length === SEALED_CHUNK_SIZE ? this.#decrypt(sealed, chunk, !last) : undefined;
    if (otherwise === undefined) {
      throw this.#error(
        last
          ? 'its last encrypted chunk does not authenticate: truncated or modified'
          : `encrypted chunk ${chunk} does not authenticate: modified`,
      );
    }
    const problem = last
      ? `truncated: it ends behind encrypted chunk ${chunk}, which is not the last one`
      : `something was added behind its last encrypted chunk, which is chunk ${chunk}`;
    return { plain: otherwise, error: this.#error(problem, 'what is before it is genuine') };
  }

  #error(problem: string, trust = 'nothing of this chunk can be trusted'): IntegrityError {
    return new IntegrityError(`${this.#name}: ${problem}`, {
      remedy: `fetch the file again from where it was sealed; ${trust}`,
    });
  }

  /** undefined when it does not authenticate. */
  #decrypt(sealed: Uint8Array, chunk: number, last: boolean): Buffer | undefined {
    const end = sealed.length - TAG_SIZE;
    setChunkNonce(this.#nonce, chunk, last);
    const cipher = createDecipheriv(CIPHER, this.#key, this.#nonce, CIPHER_OPTIONS);
    cipher.setAuthTag(sealed.subarray(end));
    const plain = cipher.update(sealed.subarray(0, end));
    try {
      cipher.final();
    } catch {
      return undefined; // the only thing that it says: the tag is another one
    }
    return plain;
  }
}
