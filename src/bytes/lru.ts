/** A map of at most `capacity` bytes of values, which lets go of what was longest not asked for. */
export class ByteCache<K> {
  readonly #capacity: number;
  readonly #onEvict: ((bytes: Uint8Array) => void) | undefined;
  readonly #values = new Map<K, Uint8Array>();
  #size = 0;

  /** @param onEvict - is given each value that is let go of for want of room */
  constructor(capacity: number, onEvict?: (bytes: Uint8Array) => void) {
    this.#capacity = capacity;
    this.#onEvict = onEvict;
  }

  get(key: K): Uint8Array | undefined {
    const value = this.#values.get(key);
    if (value === undefined) return undefined;
    this.#values.delete(key);
    this.#values.set(key, value);
    return value;
  }

  has(key: K): boolean {
    return this.#values.has(key);
  }

  /** Keeps a value, and at least that one, however large. */
  set(key: K, value: Uint8Array): void {
    this.#size += value.length - (this.#values.get(key)?.length ?? 0);
    this.#values.delete(key);
    this.#values.set(key, value);
    for (const [oldest, bytes] of this.#values) {
      if (this.#size <= this.#capacity || oldest === key) return;
      this.#values.delete(oldest);
      this.#size -= bytes.length;
      this.#onEvict?.(bytes);
    }
  }

  clear(): void {
    this.#values.clear();
    this.#size = 0;
  }
}
