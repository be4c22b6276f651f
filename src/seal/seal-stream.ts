import { createHash } from 'node:crypto';
import { encodeSealedIndex } from '../archive/sealed-index.js';
import { TarFollower } from '../archive/tar-follower.js';
import { FormatError } from '../base/errors.js';
import { AgeWriter } from './age-writer.js';
import type { CaptureRecord } from './capture-record.js';
import { compressFrames, type Frame, type FrameInput } from './frames.js';
import type { SealedHeader } from './recipients.js';
import { SeekTableWriter } from './seek-table-writer.js';

/** Takes the sealed file in order. The pieces are its own from then on. */
export type SealedSink = (pieces: readonly Uint8Array[]) => void | Promise<void>;

export interface SealStreamOptions {
  /** A plain tar. */
  readonly input: FrameInput;
  /** What the tar is called in errors. */
  readonly name: string;
  /** Awaited once the threads are starting: both take their time. */
  readonly header: Promise<SealedHeader>;
  readonly capture: CaptureRecord | null;
  readonly sink: SealedSink;
  /** Told how many bytes of the tar are sealed. */
  readonly onProgress?: ((done: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Size in bytes and lower-case hex SHA-256. */
export interface Digest {
  readonly size: number;
  readonly sha256: string;
}

export interface SealedFacts {
  readonly tar: Digest & { readonly entries: number };
  readonly sealed: Digest;
}

/**
 * Seals a tar: age over seekable zstd, with the index and capture record behind the data, as README.md's "The
 * sealed file" has it byte by byte.
 *
 * @throws FormatError when the input is not a tar, or was cut short; the sink has got a part of the file then.
 * What `header` rejects with; the sink has got nothing then.
 */
export async function sealStream(options: SealStreamOptions): Promise<SealedFacts> {
  const frames = new StartedFrames(compressFrames(options.input, options.signal));
  const header = await frames.guard(options.header);
  const output = new HashedOutput(options.sink);
  const writer = new AgeWriter(header.payloadKey);
  const table = new SeekTableWriter();
  const follower = new TarFollower(options.name);
  let done = 0;

  const takeFrame = async ({ content, compressed }: Frame): Promise<void> => {
    follower.push(content);
    table.add(totalLength(compressed), content.length);
    await output.write(writer.write(compressed));
    done += content.length;
    options.onProgress?.(done);
  };

  const sha256 = await frames.guard(output.write([header.bytes]).then(() => frames.each(takeFrame)));
  const { entries, marked, size } = follower.end();
  if (entries.length === 0) throw new FormatError(options.name, 0, 'not a tar: it holds no entry');
  if (!marked) {
    throw new FormatError(
      options.name,
      size,
      'the tar lacks the mark that ends it: cut short between two entries',
    );
  }
  const tar = { size, sha256 };
  const index = encodeSealedIndex({ tar, entries, marked, capture: options.capture });
  table.add(index.length, 0);
  await output.write(writer.write([index]));
  await output.write(writer.write([table.encode()]));
  await output.write(writer.end());
  return { tar: { ...tar, entries: entries.length }, sealed: output.digest() };
}

function totalLength(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0);
}

/** A generator of frames at work from the beginning, and ended when anything fails. */
class StartedFrames {
  #next: Promise<IteratorResult<Frame, string>>;
  readonly #frames: AsyncGenerator<Frame, string>;

  constructor(frames: AsyncGenerator<Frame, string>) {
    this.#frames = frames;
    this.#next = frames.next();
    this.#next.catch(() => {}); // told by `each`
  }

  /** Runs through the frames, and returns what the generator returns. */
  async each(take: (frame: Frame) => Promise<void>): Promise<string> {
    for (;;) {
      const step = await this.#next;
      if (step.done === true) return step.value;
      await take(step.value);
      this.#next = this.#frames.next();
    }
  }

  /** Waits for `work`; if it fails, for the threads to end too. */
  async guard<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      await this.#frames.return('');
      throw error;
    }
  }
}

/** Counts and hashes what goes to a sink. */
class HashedOutput {
  readonly #hash = createHash('sha256');
  #size = 0;
  readonly #sink: SealedSink;

  constructor(sink: SealedSink) {
    this.#sink = sink;
  }

  async write(pieces: readonly Uint8Array[]): Promise<void> {
    for (const piece of pieces) {
      this.#hash.update(piece);
      this.#size += piece.length;
    }
    if (pieces.length > 0) await this.#sink(pieces);
  }

  digest(): Digest {
    return { size: this.#size, sha256: this.#hash.digest('hex') };
  }
}
