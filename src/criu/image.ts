import { FormatError } from '../base/errors.js';
import type { ByteSource } from '../bytes/source.js';
import type { Extra, ExtraReader, Range } from './extra.js';
import { type Framed, readMessage, readMessageAtHand, uint32At } from './frame.js';
import {
  COMMON_MAGIC,
  type EntryOf,
  type HeadOf,
  type ImageKind,
  type KindSpec,
  kindOfMagic,
  SERVICE_MAGIC,
  specOf,
} from './kinds.js';
import { DecodeBudget } from './message.js';
import type { MessageType } from './schema.js';
import { Window } from './window.js';

/** What all entries of an image may take together, in units of the budget: 260,000 open files. */
const COLLECTED = 12_000_000;

/** A message of an image, and what follows it there. */
export interface ImageRecord<Value = unknown> extends Framed<Value> {
  readonly type: MessageType<Value>;
  readonly extra?: Extra;
}

/** What the first words of a file say that it is. */
export interface ImageIdentity {
  /** Undefined when no kind has that magic. */
  readonly kind: ImageKind | undefined;
  /** The word that names the kind, or would; undefined when the file has none. */
  readonly magic: number | undefined;
  /** The word before it, which images since CRIU 1.7 have. */
  readonly framed: boolean;
  /** Where the first entry begins: 4, or 8 behind two words. */
  readonly start: number;
}

/** Reads the first words of a file: an image begins with one or two magic numbers, anything else with anything. */
export async function identifyImage(source: ByteSource): Promise<ImageIdentity> {
  const words = await source.read(0, Math.min(8, source.size));
  const first = words.length >= 4 ? uint32At(words, 0) : undefined;
  const framed = first === COMMON_MAGIC || first === SERVICE_MAGIC;
  const magic = framed ? (words.length >= 8 ? uint32At(words, 4) : undefined) : first;
  const kind = magic === undefined ? undefined : kindOfMagic(magic);
  return { kind, magic, framed, start: framed ? 8 : 4 };
}

/** An image of a known kind. Its entries are read when asked for, through a window of bounded size. */
export class CriuImage<K extends ImageKind = ImageKind> {
  readonly spec: KindSpec<EntryOf<K>, HeadOf<K>>;

  constructor(
    readonly source: ByteSource,
    readonly kind: K,
    /** Where the first message begins, a byte offset. */
    readonly start: number,
  ) {
    this.spec = specOf(kind);
  }

  /** Name for error messages. */
  get name(): string {
    return this.source.name;
  }

  /**
   * The first message, of the kinds whose first is another one than the rest.
   *
   * @throws FormatError when it is not there or makes no sense
   */
  async head(): Promise<ImageRecord<HeadOf<K>>> {
    const { head } = await this.begin(new DecodeBudget());
    if (head !== undefined) return head;
    throw new FormatError(this.name, this.start, `the image of kind ${this.kind} has no first message`);
  }

  /**
   * Every message behind the head, in the order of the file, one at a time.
   *
   * @param budget bounds what all of them take together; without it, what each takes
   * @throws FormatError at the first that makes no sense
   */
  async *entries(budget?: DecodeBudget): AsyncGenerator<ImageRecord<EntryOf<K>>> {
    const { window } = await this.begin(budget ?? new DecodeBudget());
    yield* this.rest(window, budget);
  }

  /** Every message, the head included. */
  async *records(): AsyncGenerator<ImageRecord> {
    const { window, head } = await this.begin(new DecodeBudget());
    if (head !== undefined) yield head;
    yield* this.rest(window);
  }

  /**
   * How many messages there are, as `crit info` counts: the head of a pagemap is none, that of a ghost file is one.
   *
   * @throws FormatError at the first that makes no sense
   */
  async count(): Promise<number> {
    const window = new Window(this.source, this.start);
    let count = this.kind === 'PAGEMAP' ? -1 : 0;
    const { extra, headExtra } = this.spec;
    if (extra === undefined && headExtra === undefined) {
      for (; window.left > 0; count += 1) {
        window.skip(uint32At(await window.take(4, 'the size of an entry'), 0), 'an entry');
      }
      return Math.max(count, 0);
    }
    for await (const _ of this.records()) count += 1;
    return count;
  }

  /** Reads bytes that follow a message. */
  read(range: Range): Promise<Uint8Array> {
    return this.source.read(range.offset, range.length);
  }

  private async *rest(window: Window, budget?: DecodeBudget): AsyncGenerator<ImageRecord<EntryOf<K>>> {
    const { entry, extra } = this.spec;
    for (;;) {
      const forThis = budget ?? new DecodeBudget();
      const found = extra === undefined ? readMessageAtHand(window, entry, forThis) : undefined;
      if (found !== undefined) {
        yield { type: entry, value: found.value, offset: found.offset };
        continue;
      }
      const record = await readRecord(window, entry, extra, forThis);
      if (record === undefined) return;
      yield record;
    }
  }

  private async begin(budget: DecodeBudget): Promise<{ window: Window; head?: ImageRecord<HeadOf<K>> }> {
    const window = new Window(this.source, this.start);
    if (this.spec.head === undefined) return { window };
    const head = await readRecord(window, this.spec.head, this.spec.headExtra, budget);
    return head === undefined ? { window } : { window, head };
  }
}

async function readRecord<Value>(
  window: Window,
  type: MessageType<Value>,
  readExtra: ExtraReader<Value> | undefined,
  budget: DecodeBudget,
): Promise<ImageRecord<Value> | undefined> {
  const found = await readMessage(window, type, budget);
  if (found === undefined) return undefined;
  const { value, offset } = found;
  const extra = await readExtra?.(window, value, budget);
  return extra === undefined ? { type, value, offset } : { type, value, offset, extra };
}

/**
 * Opens an image, of the kind its magic says.
 *
 * @param expected the only kind it may be
 * @throws FormatError when it is of no kind, or of another
 */
export async function openImage<K extends ImageKind = ImageKind>(
  source: ByteSource,
  expected?: K,
): Promise<CriuImage<K>> {
  const { kind, magic, start } = await identifyImage(source);
  if (kind === undefined) {
    const word = magic === undefined ? 'nothing' : `0x${magic.toString(16)}`;
    throw new FormatError(source.name, 0, `not an image of CRIU: it begins with ${word}`);
  }
  if (!isExpected(kind, expected)) {
    throw new FormatError(source.name, 0, `an image of kind ${kind}, where ${expected} belongs`);
  }
  return new CriuImage(source, kind, start);
}

function isExpected<K extends ImageKind>(kind: ImageKind, expected: K | undefined): kind is K {
  return expected === undefined || kind === expected;
}

/**
 * The messages of an image behind its head, all at once: for images that are small in any honest checkpoint. Large
 * ones (pagemaps) are read with {@link CriuImage.entries}.
 *
 * @throws FormatError when they make no sense, or together take more than a few hundred megabytes
 */
export async function collectEntries<K extends ImageKind>(image: CriuImage<K>): Promise<EntryOf<K>[]> {
  const values: EntryOf<K>[] = [];
  for await (const { value } of image.entries(new DecodeBudget(COLLECTED))) values.push(value);
  return values;
}
