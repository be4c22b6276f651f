import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ColdcaseError, IntegrityError } from '../../base/errors.js';
import { readSmallFile } from '../../kubelet/read-file.js';
import { MAX_MANIFEST, type Manifest, parseManifest } from '../../seal/manifest.js';
import { interrupted } from '../interrupt.js';

/** A sealed file that a manifest beside it describes. */
export interface KnownCopy {
  readonly path: string;
  readonly manifest: Manifest;
}

const MAX_MANIFESTS = 10_000;

/** The sealed copies in those directories, by their manifests. Directories that are not there have none. */
export async function findCopies(directories: readonly string[]): Promise<readonly KnownCopy[]> {
  const copies: KnownCopy[] = [];
  for (const directory of directories) {
    const names = await readdir(directory).catch(() => []);
    for (const name of names.filter((one) => one.endsWith('.age.json')).slice(0, MAX_MANIFESTS)) {
      const path = join(directory, name);
      try {
        const manifest = parseManifest(await readSmallFile(path, 'manifest', MAX_MANIFEST), path);
        copies.push({ path: join(dirname(path), manifest.sealed.name), manifest });
      } catch (error) {
        if (!(error instanceof ColdcaseError)) throw error; // another's file, or a broken one: no copy is known by it
      }
    }
  }
  return copies;
}

/**
 * Proves that a sealed copy stands for an archive: the archive has the hash that was sealed, the sealed file has
 * the hash of its manifest, and it was read back when it was made.
 *
 * @throws IntegrityError when it does not
 */
export async function proveCopy(original: string, { path, manifest }: KnownCopy): Promise<void> {
  if (!manifest.proved) throw new IntegrityError(`${path} was sealed without being read back`);
  if ((await sha256Of(original)) !== manifest.input.sha256) {
    throw new IntegrityError(`${original} is not what was sealed in ${path}`);
  }
  if ((await sha256Of(path)) !== manifest.sealed.sha256) {
    throw new IntegrityError(`${path} is not what its manifest says`);
  }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20, signal: interrupted }))
    hash.update(chunk);
  return hash.digest('hex');
}
