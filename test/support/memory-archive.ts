import { type Archive, makeArchive } from '../../src/archive/archive.js';
import type { ArchiveEntry } from '../../src/archive/entry.js';
import { openArchive } from '../../src/archive/open.js';
import { MemorySource } from '../../src/bytes/memory.js';
import { type Sample, samplePath } from './samples.js';

/** The files of an archive by their names. */
export type ArchiveFiles = ReadonlyMap<string, Uint8Array>;

/** An archive of files that are in memory. */
export function memoryArchive(files: ArchiveFiles, location = 'memory.tar'): Archive {
  const tar = Buffer.concat([...files.values()]);
  let offset = 0;
  const entries = [...files].map(([name, bytes]): ArchiveEntry => {
    const entry = {
      name,
      type: 'file' as const,
      size: bytes.length,
      mode: 0o600,
      uid: 0,
      gid: 0,
      uname: '',
      gname: '',
      mtime: 1795449851,
      offset,
      dataOffset: offset,
      storedSize: bytes.length,
    };
    offset += bytes.length;
    return entry;
  });
  const container = {
    storedSize: offset,
    encrypted: false,
    compression: 'none' as const,
    tarSize: offset,
    endMarked: true,
  };
  return makeArchive(location, container, entries, new MemorySource(tar, location));
}

/** The files of a sample, to be changed before they are made an archive again. */
export async function sampleFiles(sample: Sample): Promise<Map<string, Uint8Array>> {
  const archive = await openArchive(samplePath(sample));
  try {
    const files = new Map<string, Uint8Array>();
    for (const entry of await archive.entries()) {
      if (entry.type === 'file')
        files.set(entry.name, (await archive.open(entry).read(0, entry.size)).slice());
    }
    return files;
  } finally {
    await archive.close();
  }
}
