import { writeFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { openArchive } from '../../src/archive/open.js';
import { samplePath } from '../support/samples.js';

const FOLDER = 'checkpoint/';

/** Writes a tar of a bare CRIU directory, as `criu dump -D .` and `tar c .` make one: the images without an engine. */
export async function bareImages(path: string): Promise<string> {
  const archive = await openArchive(samplePath('podman-incident'));
  const tar = pack();
  for (const entry of await archive.entries()) {
    if (!entry.name.startsWith(FOLDER) || entry.type !== 'file') continue;
    const source = archive.open(entry);
    const bytes = Buffer.from(await source.read(0, source.size));
    tar.entry({ name: entry.name.slice(FOLDER.length), mode: 0o600, mtime: new Date(0) }, bytes);
  }
  tar.finalize();
  await writeFile(path, await buffer(tar));
  await archive.close();
  return path;
}
