import { zstdEngine } from '../bytes/zstd-engine.js';
import { FRAME_SIZE } from './frame-ring.js';
import { STORED } from './stored-frame.js';

/** zstd's own default: the level that the sizes of `zstd | age` are compared with. */
const LEVEL = 3;
/** Takes half the time, for data that it packs as well. */
const FAST_LEVEL = 1;
/** Of so many frames one is packed both ways, and decides for the others. */
const TRIAL_EVERY = 16;
/** The fast level is taken where it costs less than this in size. */
const FAST_ENOUGH = 1.004;
const PAGE = 4096;
const SAMPLE = 32;
const ZEROS = Buffer.alloc(FRAME_SIZE);

/**
 * Compresses single frames with their content size in the header (RFC 8878). They have no checksums: each chunk of
 * the age file around them is authenticated, and the tar as a whole has its SHA-256.
 */
export class FrameCompressor {
  readonly #packing = zstdEngine().compressor(LEVEL);
  readonly #fast = zstdEngine().compressor(FAST_LEVEL);
  readonly #trial = new Uint8Array(FRAME_SIZE + FRAME_SIZE / 128);
  #untilTrial = 0;
  #fastEnough = false;
  readonly #counts = new Uint16Array(256);
  #zeroFrame: Uint8Array | undefined;

  /**
   * @param out - has room for content that does not compress
   * @returns how many bytes were written to `out`, or `STORED`: then nothing was, and `storedFrame` is the frame
   */
  compress(content: Uint8Array, out: Uint8Array): number {
    if (content.length === FRAME_SIZE && isZero(content)) {
      // Memory is full of zero pages, and a frame of nothing else is always the same bytes.
      this.#zeroFrame ??= out.slice(0, this.#packing(out, content));
      out.set(this.#zeroFrame);
      return this.#zeroFrame.length;
    }
    return this.looksRandom(content) ? STORED : this.#pack(content, out);
  }

  #pack(content: Uint8Array, out: Uint8Array): number {
    if (this.#untilTrial > 0) {
      this.#untilTrial -= 1;
      return (this.#fastEnough ? this.#fast : this.#packing)(out, content);
    }
    this.#untilTrial = TRIAL_EVERY - 1;
    const length = this.#packing(out, content);
    this.#fastEnough = this.#fast(this.#trial, content) < length * FAST_ENOUGH;
    return length;
  }

  /**
   * Whether searching for matches would be in vain: a sample of every page has a flat distribution of byte
   * values, as compressed and encrypted data has, and no two pages begin alike.
   */
  looksRandom(content: Uint8Array): boolean {
    const pages = Math.floor(content.length / PAGE);
    if (pages < 64) return false;
    this.#counts.fill(0);
    const beginnings = new Set<number>();
    const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
    for (let page = 0; page < pages; page += 1) {
      const at = page * PAGE;
      beginnings.add(view.getUint32(at) * 0x200000 + (view.getUint32(at + 4) >>> 11));
      const from = at + ((page * 1031) % (PAGE - SAMPLE));
      for (let i = from; i < from + SAMPLE; i += 1) {
        const byte = content[i] ?? 0;
        this.#counts[byte] = (this.#counts[byte] ?? 0) + 1;
      }
    }
    if (beginnings.size < pages) return false;
    const samples = pages * SAMPLE;
    const expected = samples / 256;
    let chiSquared = 0;
    for (const count of this.#counts) chiSquared += (count - expected) ** 2 / expected;
    // 255 degrees of freedom: mean 255, standard deviation 22.6. Base64 has more than 3 times the samples.
    return chiSquared < 400;
  }
}

function isZero(content: Uint8Array): boolean {
  return Buffer.from(content.buffer, content.byteOffset, content.length).equals(ZEROS);
}
