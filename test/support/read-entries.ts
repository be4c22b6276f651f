import type { Archive } from '../../src/archive/archive.js';
import { collectEntries, openImage } from '../../src/criu/image.js';
import type { EntryOf, ImageKind } from '../../src/criu/kinds.js';
import { findImageEntry } from '../../src/criu/read.js';

/** All entries of an image of an archive, its head apart. */
export async function readEntries<K extends ImageKind>(
  archive: Archive,
  name: string,
  kind: K,
): Promise<EntryOf<K>[]> {
  const entry = await findImageEntry(archive, name);
  if (entry === undefined) throw new Error(`${archive.location} has no ${name}`);
  return collectEntries(await openImage(archive.open(entry), kind));
}
