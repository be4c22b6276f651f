import type { Archive, ArchiveEntry } from '../archive/archive.js';
import { nestedName } from '../archive/nested.js';
import { selectEntries } from '../archive/select.js';

const DIFF = 'rootfs-diff.tar';

/** What the container changed in its root file system, by path; empty when the archive does not have it. */
export async function readRootFsDiff(archive: Archive): Promise<ReadonlyMap<string, ArchiveEntry>> {
  if ((await archive.find(DIFF)) === undefined) return new Map();
  const entries = await selectEntries(archive, nestedName(DIFF, ''));
  return new Map(entries.map(({ entry }) => [`/${entry.name}`, entry]));
}
