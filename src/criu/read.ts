import { basename } from 'node:path/posix';
import type { Archive, ArchiveEntry } from '../archive/archive.js';

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
