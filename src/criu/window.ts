import { FormatError } from '../base/errors.js';
import type { ByteSource } from '../bytes/source.js';

const WINDOW = 256 * 1024;

/** Reads a source from front to back through a window, so that many small reads are few large ones. */
export class Window {
  private bytes: Uint8Array = new Uint8Array(0);
  private start = 0;

  /** @param position where to begin, a byte offset in the source */
  constructor(
    readonly source: ByteSource,
    public position: number,
  ) {}

  get left(): number {
    return this.source.size - this.position;
  }

  /** The next `length` bytes if they are at hand; undefined when {@link take} has to fetch them. */
  peek(length: number): Uint8Array | undefined {
    const at = this.position - this.start;
    return at >= 0 && at + length <= this.bytes.length ? this.bytes.subarray(at, at + length) : undefined;
  }

  /**
   * The next `length` bytes, and moves behind them.
   *
   * @param what what they are, for the error
   * @throws FormatError when the source ends before
   */
  async take(length: number, what: string): Promise<Uint8Array> {
    let found = this.peek(length);
    if (found === undefined) {
      this.require(length, what);
      this.bytes = await this.source.read(this.position, Math.min(Math.max(length, WINDOW), this.left));
      this.start = this.position;
      found = this.bytes.subarray(0, length);
    }
    this.position += length;
    return found;
  }

  /**
   * Moves over `length` bytes without reading them.
   *
   * @throws FormatError when the source ends before
   */
  skip(length: number, what: string): void {
    this.require(length, what);
    this.position += length;
  }

  private require(length: number, what: string): void {
    if (length <= this.left) return;
    throw new FormatError(
      this.source.name,
      this.position,
      `${what} should take ${length} bytes, and ${this.left} are left`,
    );
  }
}
