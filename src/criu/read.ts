import { basename } from 'node:path/posix';
import type { Archive, ArchiveEntry } from '../archive/archive.js';
import { NotFoundError } from '../base/errors.js';
import { type CriuImage, collectEntries, openImage } from './image.js';
import type { EntryOf, ImageKind } from './kinds.js';

/** Where every engine puts CRIU's images within the archive. */
const IMAGE_FOLDER = 'checkpoint/';
/** Images whose names do not end in `.img` (criu/image-desc.c). */
const OTHER_NAMES: ReadonlySet<string> = new Set(['stats-dump', 'stats-restore', 'irmap-cache']);

/**
 * The entry that holds an image.
 *
 * @param name a file name such as `core-1.img`, or a path in the archive
 */
export async function findImageEntry(archive: Archive, name: string): Promise<ArchiveEntry | undefined> {
  return (await archive.find(IMAGE_FOLDER + name)) ?? archive.find(name);
}

/**
 * Opens an image.
 *
 * @param name a file name such as `core-1.img`, or a path in the archive
 * @returns undefined when the archive has no such file
 * @throws FormatError when the file is no image of that kind
 */
export async function findImage<K extends ImageKind>(
  archive: Archive,
  name: string,
  kind: K,
): Promise<CriuImage<K> | undefined> {
  const entry = await findImageEntry(archive, name);
  return entry && openImage(archive.open(entry), kind);
}

/**
 * Opens an image that must be there.
 *
 * @param name a file name such as `core-1.img`, or a path in the archive
 * @throws NotFoundError when the archive has no such file
 * @throws FormatError when the file is no image of that kind
 */
export async function readImage<K extends ImageKind>(
  archive: Archive,
  name: string,
  kind: K,
): Promise<CriuImage<K>> {
  const image = await findImage(archive, name, kind);
  if (image === undefined) throw new NotFoundError(`${name}: there is no such image in ${archive.location}`);
  return image;
}

/**
 * All entries of an image that must be there, its head apart: see {@link collectEntries}.
 *
 * @throws NotFoundError when the archive has no such file
 * @throws FormatError when the file is no image of that kind, or makes no sense
 */
export async function readEntries<K extends ImageKind>(
  archive: Archive,
  name: string,
  kind: K,
): Promise<EntryOf<K>[]> {
  return collectEntries(await readImage(archive, name, kind));
}

/**
 * All entries of an image, its head apart; none when the archive has no such image.
 *
 * @throws FormatError when the file is no image of that kind, or makes no sense
 */
export async function readEntriesIfAny<K extends ImageKind>(
  archive: Archive,
  name: string,
  kind: K,
): Promise<EntryOf<K>[]> {
  const image = await findImage(archive, name, kind);
  return image === undefined ? [] : collectEntries(image);
}

/** The entries that hold images, raw ones such as pages included, in the order of the archive, by their names. */
export async function listImages(archive: Archive): Promise<ReadonlyMap<string, ArchiveEntry>> {
  const found = new Map<string, ArchiveEntry>();
  for (const entry of await archive.entries()) {
    const isFile = entry.type === 'file' || entry.type === 'hardlink';
    if (!isFile || !(entry.name.endsWith('.img') || OTHER_NAMES.has(basename(entry.name)))) continue;
    const inFolder = entry.name.startsWith(IMAGE_FOLDER);
    found.set(inFolder ? entry.name.slice(IMAGE_FOLDER.length) : entry.name, entry);
  }
  return found;
}
