import { createCipheriv } from 'node:crypto';
import { CHUNK_SIZE, CIPHER, CIPHER_OPTIONS, setChunkNonce } from '../bytes/age-stream.js';

/**
 * Encrypts a payload in order. A chunk's nonce says whether it is the last, so the latest bytes are held back
 * until more come or the end does.
 */
export class AgeWriter {
  private readonly nonce = Buffer.alloc(12);
  private readonly held = Buffer.alloc(CHUNK_SIZE);
  private heldLength = 0;
  private chunk = 0;

  constructor(private readonly key: Uint8Array) {}

  /**
   * @param plain - not kept: may be reused after the call
   * @returns what can be written now, in pieces
   */
  write(plain: Uint8Array): Uint8Array[] {
    const out: Uint8Array[] = [];
    let offset = 0;
    while (this.heldLength + (plain.length - offset) > CHUNK_SIZE) {
      const take = CHUNK_SIZE - this.heldLength;
      this.encrypt(plain.subarray(offset, offset + take), false, out);
      offset += take;
    }
    this.held.set(plain.subarray(offset), this.heldLength);
    this.heldLength += plain.length - offset;
    return out;
  }

  /** The last chunk. Nothing can be written after it. */
  end(): Uint8Array[] {
    const out: Uint8Array[] = [];
    this.encrypt(new Uint8Array(0), true, out);
    return out;
  }

  private encrypt(rest: Uint8Array, last: boolean, out: Uint8Array[]): void {
    setChunkNonce(this.nonce, this.chunk, last);
    this.chunk += 1;
    const cipher = createCipheriv(CIPHER, this.key, this.nonce, CIPHER_OPTIONS);
    if (this.heldLength > 0) out.push(cipher.update(this.held.subarray(0, this.heldLength)));
    if (rest.length > 0) out.push(cipher.update(rest));
    cipher.final();
    out.push(cipher.getAuthTag());
    this.heldLength = 0;
  }
}
