import type { ArchiveEntry } from './entry.js';
import { requireData, type TarIndex } from './tar-index.js';
import { walkTar } from './tar-walk.js';

type TarWalk = ReturnType<typeof walkTar>;

/** What passes by: an entry, or a piece of the stored data of the entry that passed last. */
export type Passing =
  | { readonly kind: 'entry'; readonly entry: ArchiveEntry }
  | { readonly kind: 'data'; readonly bytes: Uint8Array };

const NOTHING = new Uint8Array(0);

/**
 * Lists a tar that passes by piece by piece: only headers are looked at, and what is kept of them is copied. A piece is
 * looked at when it is given, so its memory may be used again after that.
 */
export class TarFollower {
  readonly #name: string;
  readonly #walk: TarWalk;
  readonly #entries: ArchiveEntry[] = [];
  #step: ReturnType<TarWalk['next']>;
  /** Offset in the tar of the next byte to be looked at. */
  #position = 0;
  /** What has come of the range that the walk waits for. */
  #partial: Uint8Array = NOTHING;

  /** @param name - of the tar, for errors */
  constructor(name: string) {
    this.#name = name;
    this.#walk = walkTar(name);
    this.#step = this.#walk.next();
  }

  /** Takes a piece for its headers alone. @throws FormatError with the offset at which the tar makes no sense */
  push(piece: Uint8Array): void {
    const passing = this.follow(piece);
    while (passing.next().done !== true);
  }

  /** Takes a piece, and tells what passes with it, in order. To be run to its end. @throws as `push` */
  *follow(piece: Uint8Array): Generator<Passing> {
    for (let rest = piece; ; ) {
      const step = this.#step.done ? undefined : this.#step.value;
      if (step !== undefined && step.kind !== 'read') {
        this.#step = this.#walk.next(NOTHING);
        if (step.kind !== 'entry') continue;
        this.#entries.push(step.entry);
        yield step;
        continue;
      }
      const between = rest.subarray(0, Math.max(0, (step?.offset ?? Infinity) - this.#position));
      const bytes = this.#dataIn(between);
      this.#position += between.length;
      rest = rest.subarray(between.length);
      if (bytes.length > 0) yield { kind: 'data', bytes };
      if (step === undefined || this.#position < step.offset) return;
      const part = rest.subarray(0, step.length - this.#partial.length);
      this.#partial = Buffer.concat([this.#partial, part]);
      this.#position += part.length;
      rest = rest.subarray(part.length);
      if (this.#partial.length < step.length) return;
      this.#advance();
    }
  }

  /** The tar has ended. @throws FormatError when it was cut short */
  end(): TarIndex & { readonly size: number } {
    let step = this.#step;
    while (!step.done) step = this.#advance();
    const size = this.#position;
    for (const entry of this.#entries) requireData(entry, { name: this.#name, size });
    return { entries: this.#entries, marked: step.value.marked, size };
  }

  /** Gives the walk what has come of what it waits for. */
  #advance(): ReturnType<TarWalk['next']> {
    const partial = this.#partial;
    this.#partial = NOTHING;
    this.#step = this.#walk.next(partial);
    return this.#step;
  }

  /** What of the bytes from the present position on is stored data of the last entry. */
  #dataIn(bytes: Uint8Array): Uint8Array {
    const entry = this.#entries.at(-1);
    if (entry === undefined) return NOTHING;
    const start = entry.dataOffset - this.#position;
    return bytes.subarray(Math.max(0, start), Math.max(0, start + entry.storedSize));
  }
}
