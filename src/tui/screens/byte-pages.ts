import type { Bytes } from '../core/hex.js';

const PAGE = 16 * 1024;
/** Pages kept: 4 MiB, whatever is paged through. */
const KEPT = 256;

type Page = { readonly state: 'loading' } | { readonly state: 'here'; readonly bytes: Uint8Array } | Failed;
type Failed = { readonly state: 'failed'; readonly problem: string };

/**
 * Bytes that can be asked for without waiting: those at hand are given at once, others are read, and it is said
 * when they have come. Keeps the pages used last.
 */
export class BytePages {
  readonly #read: (offset: number, length: number) => Promise<Uint8Array>;
  readonly #size: number;
  readonly #changed: () => void;
  readonly #pages = new Map<number, Page>();

  constructor(
    size: number,
    read: (offset: number, length: number) => Promise<Uint8Array>,
    changed: () => void,
  ) {
    this.#size = size;
    this.#read = read;
    this.#changed = changed;
  }

  /** Bytes of [offset, offset + length), which must lie within the size. */
  peek(offset: number, length: number): Bytes {
    const parts: Uint8Array[] = [];
    for (let at = offset; at < offset + length; ) {
      const index = Math.floor(at / PAGE);
      const page = this.#page(index);
      if (page.state !== 'here') return page;
      const from = at - index * PAGE;
      const part = page.bytes.subarray(from, from + offset + length - at);
      if (part.length === 0) return { state: 'failed', problem: 'beyond the end' };
      parts.push(part);
      at += part.length;
    }
    const [only] = parts;
    return { state: 'here', bytes: parts.length === 1 && only !== undefined ? only : Buffer.concat(parts) };
  }

  #page(index: number): Page {
    const known = this.#pages.get(index);
    if (known !== undefined) {
      this.#pages.delete(index);
      this.#pages.set(index, known);
      return known;
    }
    const loading: Page = { state: 'loading' };
    this.#put(index, loading);
    const start = index * PAGE;
    this.#read(start, Math.min(PAGE, this.#size - start)).then(
      // a copy: what a source gives may be part of a cache many times as large (and Buffer's slice copies nothing)
      (bytes) => this.#settle(index, { state: 'here', bytes: new Uint8Array(bytes) }),
      (error: unknown) => {
        const problem = error instanceof Error ? error.message : String(error);
        this.#settle(index, { state: 'failed', problem });
      },
    );
    return loading;
  }

  #settle(index: number, page: Page): void {
    // a page that was given up in the meantime is read again when it is asked for again
    if (this.#pages.has(index)) this.#put(index, page);
    this.#changed();
  }

  #put(index: number, page: Page): void {
    this.#pages.set(index, page);
    for (const key of this.#pages.keys()) {
      if (this.#pages.size <= KEPT) break;
      this.#pages.delete(key);
    }
  }
}
