import type { ArchiveEntry } from '../archive/entry.js';
import { requireData, type TarIndex } from '../archive/tar-index.js';
import { walkTar } from '../archive/tar-walk.js';
import { FormatError } from '../base/errors.js';

type TarWalk = ReturnType<typeof walkTar>;

/** Lists a tar that passes by piece by piece: only headers are looked at, and what is kept of them is copied. */
export class TarFollower {
  private readonly entries: ArchiveEntry[] = [];
  private readonly walk: TarWalk;
  private step: ReturnType<TarWalk['next']>;
  /** Offset in the tar of the next byte to come. */
  private position = 0;
  /** What has come of the range that is wanted, if it spans pieces. */
  private partial: Buffer = Buffer.alloc(0);

  /** @param name - of the tar, for errors */
  constructor(private readonly name: string) {
    this.walk = walkTar(name);
    this.step = this.takeEntries(this.walk.next());
  }

  /** @throws FormatError with the offset at which the tar makes no sense */
  push(piece: Uint8Array): void {
    while (!this.step.done && this.step.value.kind === 'read') {
      const { offset, length } = this.step.value;
      const from = offset + this.partial.length - this.position;
      if (from >= piece.length && length > 0) break;
      const part = piece.subarray(Math.max(0, from), Math.max(0, from) + length - this.partial.length);
      const wanted = Buffer.concat([this.partial, part]);
      if (wanted.length < length) {
        this.partial = wanted;
        break;
      }
      this.partial = Buffer.alloc(0);
      this.step = this.advance(wanted);
    }
    this.position += piece.length;
  }

  /** The tar has ended. @throws FormatError when it was cut short */
  end(): TarIndex & { readonly size: number } {
    while (!this.step.done) {
      const rest = this.partial;
      this.partial = Buffer.alloc(0);
      this.step = this.takeEntries(this.walk.next(rest));
    }
    const size = this.position;
    for (const entry of this.entries) requireData(entry, { name: this.name, size });
    return { entries: this.entries, marked: this.step.value.marked, size };
  }

  private advance(wanted: Uint8Array): ReturnType<TarWalk['next']> {
    try {
      return this.takeEntries(this.walk.next(wanted));
    } catch (cause) {
      if (!(cause instanceof FormatError) || this.position > 0 || cause.offset !== 0) throw cause;
      throw new FormatError(this.name, 0, 'not a tar archive', { cause });
    }
  }

  private takeEntries(first: ReturnType<TarWalk['next']>): ReturnType<TarWalk['next']> {
    let step = first;
    while (!step.done && step.value.kind === 'entry') {
      this.entries.push(step.value.entry);
      step = this.walk.next(new Uint8Array(0));
    }
    return step;
  }
}
