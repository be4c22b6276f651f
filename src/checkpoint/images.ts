import { type Archive, type ArchiveEntry, readEntry } from '../archive/archive.js';
import { keepHeapSmall } from '../base/heap.js';
import type { ByteSource } from '../bytes/source.js';
import { type CriuImage, openImage } from '../criu/image.js';
import type { EntryOf, ImageKind } from '../criu/kinds.js';
import { DecodeBudget } from '../criu/message.js';
import { once } from './memo.js';

/** What all images may take together, and what is made of them, in units of the budget of about 16 bytes. */
const KEPT = 8_000_000;

/**
 * Images of one process each (or of one table of files, most often a process's own). There are as many as processes,
 * and few views need one more than once: only those asked for last are kept, and any is decoded again when needed.
 */
const PASSING: ReadonlySet<ImageKind> = new Set(['CORE', 'MM', 'FS', 'IDS', 'FDINFO', 'SIGACT']);

/** What the images of single processes that are kept may take together: of some 200 processes. */
const PASSING_KEPT = 1_200_000;

/** So much of it is a large checkpoint: what is made of it on the way is collected sooner. */
const LARGE = 2_000_000;

/** What several checkpoints that are looked at together may take: no more than one. */
export function sharedBudget(): DecodeBudget {
  return new DecodeBudget(KEPT);
}

interface ImageFiles {
  readonly folder: string;
  readonly byName: ReadonlyMap<string, ArchiveEntry>;
}

/** An image of a process that is decoded: what it took, and how to let go of it. */
interface Passing {
  readonly budget: DecodeBudget;
  drop(): void;
}

type Kept = { [K in ImageKind]?: Map<string, Promise<readonly EntryOf<K>[]>> };

/**
 * CRIU's image files of an archive, by their names without `.img`. Found and decoded when first asked for, and then
 * kept, those of single processes for a while: nothing is read that no view needs, and memory is bounded whatever the
 * number of processes.
 */
export class Images {
  readonly #archive: Archive;
  readonly #files: () => Promise<ImageFiles>;
  readonly #kept: Kept = {};
  /** One for all images: what is kept of them together is bounded. */
  readonly #budget: DecodeBudget;
  /** Images of processes by kind and name, those asked for last at the end. */
  readonly #passing = new Map<string, Passing>();
  #passingSize = 0;
  #isLarge = false;

  /** @param shared - what all checkpoints of one question may take together; without it, what this one may */
  constructor(archive: Archive, shared?: DecodeBudget) {
    this.#archive = archive;
    this.#budget = new DecodeBudget(KEPT, shared);
    this.#files = once(() => imageFiles(archive));
  }

  /** The entry of the archive that holds an image. */
  async entry(name: string): Promise<ArchiveEntry | undefined> {
    return (await this.#files()).byName.get(name);
  }

  /** The bytes of an image; undefined when the archive has none of that name. */
  async source(name: string): Promise<ByteSource | undefined> {
    const entry = await this.entry(name);
    return entry === undefined ? undefined : this.#archive.open(entry);
  }

  /**
   * The bytes of an image that is not CRIU's own format; none when the archive has none of that name.
   *
   * @throws UnsafeError when it is larger than `limit` bytes
   */
  async raw(name: string, limit: number): Promise<Uint8Array> {
    const entry = await this.entry(name);
    return entry === undefined ? new Uint8Array() : readEntry(this.#archive, entry, limit);
  }

  /** The folder of the images in the archive, with a slash at its end; empty for the archive's root. */
  async folder(): Promise<string> {
    return (await this.#files()).folder;
  }

  /** The numbers at the end of the images that begin with `prefix`: of `core-`, the PIDs. In ascending order. */
  async numbers(prefix: string): Promise<readonly number[]> {
    const numbers = [...(await this.#files()).byName.keys()]
      .filter((name) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
      .map((name) => Number(name.slice(prefix.length)));
    return numbers.sort((a, b) => a - b);
  }

  /** An image opened, for those that are too large to be kept; undefined when the archive has none. */
  async open<K extends ImageKind>(kind: K, name: string): Promise<CriuImage<K> | undefined> {
    const source = await this.source(name);
    return source === undefined || source.size === 0 ? undefined : openImage(source, kind);
  }

  /**
   * Counts what is made of images and kept as long as they are, such as rows: that, too, an archive could have without
   * end.
   *
   * @param units - of about 16 bytes
   * @param what - for the error
   * @throws FormatError when it is too much together with everything else that is kept
   */
  charge(units: number, what: string): void {
    this.#budget.spend(units, what);
    this.#watch();
  }

  /** A part of the budget, for what is counted like {@link charge} and may be given back. */
  budget(): DecodeBudget {
    return new DecodeBudget(KEPT, this.#budget);
  }

  /**
   * All entries of an image; none when the archive has no such image. Decoded once, but for images of processes, which
   * may be decoded again later: those who hold on to one must not do so for every process.
   *
   * @throws FormatError when the image makes no sense
   */
  entries<K extends ImageKind>(kind: K, name: string): Promise<readonly EntryOf<K>[]> {
    const names = this.#kept[kind] ?? new Map<string, Promise<readonly EntryOf<K>[]>>();
    Object.assign(this.#kept, { [kind]: names });
    const known = names.get(name);
    const key = `${kind} ${name}`;
    if (known !== undefined) {
      const passing = this.#passing.get(key);
      if (passing !== undefined) this.#keepLast(key, passing);
      return known;
    }
    const drop = (): boolean => names.delete(name);
    const made = PASSING.has(kind)
      ? this.#pass(kind, name, key, drop)
      : this.#collect(kind, name, this.#budget);
    names.set(name, made);
    return made;
  }

  /** Collects an image of a process, and lets go of those that were longest not asked for. */
  async #pass<K extends ImageKind>(
    kind: K,
    name: string,
    key: string,
    drop: () => void,
  ): Promise<readonly EntryOf<K>[]> {
    const budget = new DecodeBudget(KEPT, this.#budget);
    try {
      const values = await this.#collect(kind, name, budget);
      this.#passingSize += budget.spent;
      this.#keepLast(key, { budget, drop });
      for (const [oldest, passing] of this.#passing) {
        if (this.#passingSize <= PASSING_KEPT || oldest === key) break;
        this.#passing.delete(oldest);
        this.#passingSize -= passing.budget.spent;
        passing.budget.refund();
        passing.drop();
      }
      return values;
    } catch (error) {
      budget.refund();
      drop();
      throw error;
    }
  }

  #keepLast(key: string, passing: Passing): void {
    this.#passing.delete(key);
    this.#passing.set(key, passing);
  }

  async #collect<K extends ImageKind>(
    kind: K,
    name: string,
    budget: DecodeBudget,
  ): Promise<readonly EntryOf<K>[]> {
    const image = await this.open(kind, name);
    const values: EntryOf<K>[] = [];
    if (image === undefined) return values;
    for await (const { value } of image.entries(budget)) values.push(value);
    this.#watch();
    return values;
  }

  #watch(): void {
    if (this.#budget.spent < LARGE || this.#isLarge) return;
    this.#isLarge = true;
    keepHeapSmall();
  }

  /** The first entry of an image; undefined when the archive has no such image. */
  async first<K extends ImageKind>(kind: K, name: string): Promise<EntryOf<K> | undefined> {
    return (await this.entries(kind, name))[0];
  }
}

/** Images lie in `checkpoint/`; wherever inventory.img lies, should somebody have packed a directory of CRIU's. */
async function imageFiles(archive: Archive): Promise<ImageFiles> {
  const entries = await archive.entries();
  const names = entries.map(({ name }) => name);
  const inventory = names.includes('checkpoint/inventory.img')
    ? 'checkpoint/inventory.img'
    : names.find((name) => name === 'inventory.img' || name.endsWith('/inventory.img'));
  const folder = inventory?.slice(0, -'inventory.img'.length) ?? 'checkpoint/';
  const files = new Map<string, ArchiveEntry>();
  for (const entry of entries) {
    if (!entry.name.startsWith(folder) || !entry.name.endsWith('.img')) continue;
    const name = entry.name.slice(folder.length, -'.img'.length);
    if (!name.includes('/')) files.set(name, entry);
  }
  return { folder, byName: files };
}
