import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ColdcaseError } from '../../base/errors.js';
import { readSmallFile } from '../../kubelet/read-file.js';
import { MAX_MANIFEST, parseManifest } from '../../seal/manifest.js';
import { sealedName } from '../capture/output-place.js';

/**
 * A file that may be the sealed copy of an archive. Nothing here is a proof: whoever can write to the directory can
 * write a manifest and a file of any name. `proveCopy` is what a removal rests on.
 */
export interface KnownCopy {
  readonly path: string;
  /** The manifest that names it; undefined when only the file's name speaks for it. */
  readonly manifest: string | undefined;
  /** Name and size of the archive that the manifest says was sealed. */
  readonly archive: { readonly name: string; readonly size: number } | undefined;
}

const MAX_MANIFESTS = 10_000;

/** What may be sealed copies in those directories. Directories that are not there have none. */
export async function findCopies(directories: readonly string[]): Promise<readonly KnownCopy[]> {
  const copies: KnownCopy[] = [];
  for (const directory of new Set(directories)) {
    const names: readonly string[] = await readdir(directory).catch(() => []);
    const described = new Set<string>();
    for (const name of names.filter((one) => one.endsWith('.age.json')).slice(0, MAX_MANIFESTS)) {
      const path = join(directory, name);
      try {
        const manifest = parseManifest(await readSmallFile(path, 'manifest', MAX_MANIFEST), path);
        const sealed = manifest.sealed.name;
        // a manifest speaks for the file beside it and for no other
        if (sealed !== basename(sealed) || !names.includes(sealed)) continue;
        described.add(sealed);
        const { name: archive, size } = manifest.input;
        copies.push({
          path: join(directory, sealed),
          manifest: path,
          archive: { name: basename(archive), size },
        });
      } catch (error) {
        if (!(error instanceof ColdcaseError)) throw error; // another's file, or a broken one: no copy is known by it
      }
    }
    for (const name of names.filter((one) => one.endsWith('.age') && !described.has(one))) {
      copies.push({ path: join(directory, name), manifest: undefined, archive: undefined });
    }
  }
  return copies;
}

/** Those that a manifest or, failing that, the file's name says to be of an archive; manifests first. */
export function copiesOf(copies: readonly KnownCopy[], file: string, size: number): readonly KnownCopy[] {
  const named = (copy: KnownCopy): boolean =>
    copy.archive === undefined && basename(copy.path) === sealedName(file);
  return [
    ...copies.filter(({ archive }) => archive?.name === file && archive.size === size),
    ...copies.filter(named),
  ];
}
