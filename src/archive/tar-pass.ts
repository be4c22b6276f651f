import { FormatError } from '../base/errors.js';
import type { ArchiveEntry } from './entry.js';
import { requireData, type TarIndex } from './tar-index.js';
import { walkTar } from './tar-walk.js';

/** Takes the stored data of an entry, piece by piece; pieces may be kept. */
export type DataSink = (chunk: Uint8Array) => void | Promise<void>;

/** Asked at each entry, before its data passes, who takes the data, if anybody. */
export type VisitEntry = (entry: ArchiveEntry) => DataSink | undefined | Promise<DataSink | undefined>;

/**
 * Lists a tar that comes as a stream, and hands the data of chosen entries on while it passes. The stream is read
 * to its end, so that a checksum there is checked.
 *
 * @throws FormatError as `indexTar`
 */
export async function passTar(
  chunks: AsyncIterable<Uint8Array>,
  where: string,
  visit: VisitEntry,
): Promise<TarIndex & { readonly size: number }> {
  const input = new ForwardReader(chunks);
  const entries: ArchiveEntry[] = [];
  const walk = walkTar(where);
  try {
    let step = walk.next();
    while (!step.done) {
      if (step.value.kind === 'read') {
        step = walk.next(await input.read(step.value.offset, step.value.length));
        continue;
      }
      const { entry } = step.value;
      entries.push(entry);
      const sink = await visit(entry);
      if (sink !== undefined) {
        const passed = await input.pass(entry.dataOffset, entry.storedSize, sink);
        if (passed < entry.storedSize) {
          throw new FormatError(where, input.position, `cut short in the data of ${entry.name}`);
        }
      }
      step = walk.next(new Uint8Array(0));
    }
    await input.pass(input.position, Number.MAX_SAFE_INTEGER, () => {});
    const size = input.position;
    for (const entry of entries) requireData(entry, { name: where, size });
    return { entries, marked: step.value.marked, size };
  } finally {
    await input.stop();
  }
}

/** Reads a stream at offsets that never go back. */
class ForwardReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);
  #position = 0;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  get position(): number {
    return this.#position;
  }

  /** Up to `length` bytes from `offset`; fewer only where the stream ends. */
  async read(offset: number, length: number): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    await this.pass(offset, length, (piece) => void pieces.push(piece));
    const [only] = pieces;
    return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
  }

  /** Hands `length` bytes from `offset` to a sink, and returns how many there were. */
  async pass(offset: number, length: number, sink: DataSink): Promise<number> {
    while (this.#position < offset) {
      if ((await this.#take(offset - this.#position)).length === 0) return 0;
    }
    let passed = 0;
    while (passed < length) {
      const piece = await this.#take(length - passed);
      if (piece.length === 0) break;
      passed += piece.length;
      const wait = sink(piece);
      if (wait !== undefined) await wait;
    }
    return passed;
  }

  async stop(): Promise<void> {
    await this.#chunks.return?.();
  }

  /** The next bytes, `length` at most; none where the stream ends. */
  async #take(length: number): Promise<Uint8Array> {
    while (this.#rest.length === 0) {
      const next = await this.#chunks.next();
      if (next.done === true) return this.#rest;
      this.#rest = next.value;
    }
    const piece = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(piece.length);
    this.#position += piece.length;
    return piece;
  }
}
