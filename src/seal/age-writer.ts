import { createCipheriv } from 'node:crypto';
import { CHUNK_SIZE, CIPHER, CIPHER_OPTIONS, setChunkNonce } from '../bytes/age-stream.js';

/**
 * Encrypts a payload in order. A chunk's nonce says whether it is the last, so the latest bytes are held back
 * until more come or the end does.
 */
export class AgeWriter {
  readonly #nonce = Buffer.alloc(12);
  /** The beginning of the chunk that is being filled: what earlier calls brought of it. */
  readonly #held = Buffer.alloc(CHUNK_SIZE);
  #heldLength = 0;
  /** What the present call has brought of it, not copied. */
  #parts: Uint8Array[] = [];
  /** Bytes of that chunk. */
  #length = 0;
  #chunk = 0;
  readonly #key: Uint8Array;

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /**
   * @param plain - pieces, not kept: may be reused after the call
   * @returns what can be written now, in pieces
   */
  write(plain: readonly Uint8Array[]): Uint8Array[] {
    const out: Uint8Array[] = [];
    for (const piece of plain) {
      for (let offset = 0; offset < piece.length; ) {
        if (this.#length === CHUNK_SIZE) this.#encrypt(false, out);
        const part = piece.subarray(offset, offset + CHUNK_SIZE - this.#length);
        this.#parts.push(part);
        this.#length += part.length;
        offset += part.length;
      }
    }
    this.#keepParts();
    return out;
  }

  /** The last chunk. Nothing can be written after it. */
  end(): Uint8Array[] {
    const out: Uint8Array[] = [];
    this.#encrypt(true, out);
    return out;
  }

  #keepParts(): void {
    for (const part of this.#parts) {
      this.#held.set(part, this.#heldLength);
      this.#heldLength += part.length;
    }
    this.#parts = [];
  }

  #encrypt(last: boolean, out: Uint8Array[]): void {
    setChunkNonce(this.#nonce, this.#chunk, last);
    this.#chunk += 1;
    const cipher = createCipheriv(CIPHER, this.#key, this.#nonce, CIPHER_OPTIONS);
    if (this.#heldLength > 0) out.push(cipher.update(this.#held.subarray(0, this.#heldLength)));
    for (const part of this.#parts) out.push(cipher.update(part));
    cipher.final();
    out.push(cipher.getAuthTag());
    this.#heldLength = 0;
    this.#parts = [];
    this.#length = 0;
  }
}
