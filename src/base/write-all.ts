import { writevSync } from 'node:fs';
import { fileError, stuckError, type Written } from './file-errors.js';

/** What is needed of a file to write to it: a `FileHandle`. */
export interface OutputFile {
  readonly fd: number;
  write(
    bytes: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesWritten: number }>;
  truncate(size: number): Promise<void>;
}

/** writev(2) at a position, which may take less than it is given. */
type WriteVector = (fd: number, pieces: readonly Uint8Array[], position: number) => number;

/**
 * Writes to a file, and every byte: a write(2) that takes less than it is given, as the last one before a disk is full
 * does, is no error to the operating system. What is left is written again, until all is, or there is an error.
 *
 * Everything is written by position, so the file's own offset does not matter.
 */
export class FileOutput {
  readonly #file: OutputFile;
  readonly #path: string;
  readonly #total: number | undefined;
  readonly #writev: WriteVector;
  #done = 0;
  #end = 0;

  /**
   * @param path - as errors call it
   * @param total - bytes that will be written, for errors
   */
  constructor(file: OutputFile, path: string, total?: number, writev: WriteVector = writevSync) {
    this.#file = file;
    this.#path = path;
    this.#total = total;
    this.#writev = writev;
  }

  /** How far it is. */
  get written(): Written {
    return { done: this.#done, total: this.#total };
  }

  /** Writes behind the last byte that was written. @throws as `writeAt` */
  async append(data: string | Uint8Array): Promise<void> {
    await this.writeAt(typeof data === 'string' ? Buffer.from(data) : data, this.#end);
  }

  /**
   * Writes bytes at an offset; what is left out before them is a hole.
   *
   * @throws FileError with how far it came (no space, quota, limit, disk), DeniedError
   */
  async writeAt(bytes: Uint8Array, position: number): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const left = bytes.length - at;
      const { bytesWritten } = await this.#file.write(bytes, at, left, position + at).catch(this.#fail);
      at += this.#advance(bytesWritten, position + at);
    }
  }

  /** Writes behind the last byte that was written, in place: for what is written in large pieces. @throws as `writeAt` */
  appendSync(pieces: readonly Uint8Array[]): void {
    let rest: readonly Uint8Array[] = pieces.filter(({ length }) => length > 0);
    while (rest.length > 0) {
      rest = unwritten(rest, this.#advance(this.#vector(rest), this.#end));
    }
  }

  /** Gives the file its size, where it does not end with its last written byte. @throws as `writeAt` */
  async resize(size: number): Promise<void> {
    await this.#file.truncate(size).catch(this.#fail);
  }

  #vector(pieces: readonly Uint8Array[]): number {
    try {
      return this.#writev(this.#file.fd, pieces, this.#end);
    } catch (cause) {
      return this.#fail(cause);
    }
  }

  #advance(count: number, position: number): number {
    if (count <= 0) throw stuckError(this.#path, this.written);
    this.#done += count;
    this.#end = Math.max(this.#end, position + count);
    return count;
  }

  readonly #fail = (cause: unknown): never => {
    throw fileError(cause, this.#path, 'write', this.written);
  };
}

/** What is left of the pieces when the first `count` bytes of them are written. */
function unwritten(pieces: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  let left = count;
  let index = 0;
  for (const piece of pieces) {
    if (left < piece.length) return [piece.subarray(left), ...pieces.slice(index + 1)];
    left -= piece.length;
    index += 1;
  }
  return [];
}
