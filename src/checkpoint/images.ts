import { type Archive, type ArchiveEntry, readEntry } from '../archive/archive.js';
import type { ByteSource } from '../bytes/source.js';
import { type CriuImage, openImage } from '../criu/image.js';
import type { EntryOf, ImageKind } from '../criu/kinds.js';
import { DecodeBudget } from '../criu/message.js';
import { once } from './memo.js';

/** What all images may take together, in units of the budget: some 1,300 processes, all of them printed in 512 MiB. */
const KEPT = 8_000_000;

interface ImageFiles {
  readonly folder: string;
  readonly byName: ReadonlyMap<string, ArchiveEntry>;
}

type Kept = { [K in ImageKind]?: Map<string, Promise<readonly EntryOf<K>[]>> };

/**
 * CRIU's image files of an archive, by their names without `.img`. Found and decoded when first asked for, and then
 * kept: nothing is read that no view needs.
 */
export class Images {
  readonly #archive: Archive;
  readonly #files: () => Promise<ImageFiles>;
  readonly #kept: Kept = {};
  /** One for all images: what is kept of them together is bounded. */
  readonly #budget = new DecodeBudget(KEPT);

  constructor(archive: Archive) {
    this.#archive = archive;
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
   * All entries of an image, decoded once; none when the archive has no such image.
   *
   * @throws FormatError when the image makes no sense
   */
  entries<K extends ImageKind>(kind: K, name: string): Promise<readonly EntryOf<K>[]> {
    const names = this.#kept[kind] ?? new Map<string, Promise<readonly EntryOf<K>[]>>();
    Object.assign(this.#kept, { [kind]: names });
    const known = names.get(name);
    if (known !== undefined) return known;
    const made = this.#collect(kind, name);
    names.set(name, made);
    return made;
  }

  async #collect<K extends ImageKind>(kind: K, name: string): Promise<readonly EntryOf<K>[]> {
    const image = await this.open(kind, name);
    const values: EntryOf<K>[] = [];
    if (image === undefined) return values;
    for await (const { value } of image.entries(this.#budget)) values.push(value);
    return values;
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
