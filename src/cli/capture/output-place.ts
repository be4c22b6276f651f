import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UsageError } from '../../base/errors.js';
import { requireWritable } from '../../base/writable.js';
import { manifestPath } from '../../seal/manifest.js';
import { makeDirectory } from '../output-path.js';
import { refuseTerminal } from '../standard-output.js';
import { trustedPlace } from './trusted-place.js';

/** Where sealed files go. */
export type OutputPlace =
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'file'; readonly path: string; readonly manifest: string }
  /** Standard output; the manifest follows in a file if one was named. */
  | { readonly kind: 'stdout'; readonly manifest: string | undefined };

/** Who hears that others could swap what goes to a place. */
export interface PlaceWarnings {
  readonly note: (line: string) => void;
  /** Whether that will be all that is left: then a place that everybody could change is refused. */
  readonly refuse: boolean;
}

/**
 * Decides what `-o` means: a directory when it is one or ends in `/` (made if missing, mode 0700), standard output
 * for `-`, otherwise a file. Everything is checked that can be before there is anything to write.
 *
 * @throws NotFoundError for a missing directory, UnsafeError when the file is there or could be swapped, DeniedError
 */
export async function resolveOutput(
  output: string,
  manifest: string | undefined,
  force: boolean,
  warnings: PlaceWarnings,
): Promise<OutputPlace> {
  if (manifest !== undefined) await requireWritable(manifest, { force });
  if (output === '-') {
    refuseTerminal();
    return { kind: 'stdout', manifest };
  }
  if (output.endsWith('/') || (await isDirectory(output))) {
    if (manifest !== undefined) {
      throw new UsageError('--manifest names one file, but there may be several in a directory', {
        remedy: 'leave it out: each manifest is written beside its sealed file',
      });
    }
    const { path } = await trustedPlace(output, warnings.refuse);
    await makeDirectory(path);
    // again: below a sticky directory somebody else may have made it in between
    return { kind: 'directory', path: await trusted(path, warnings) };
  }
  const path = await trustedFile(output, warnings);
  await requireWritable(path, { force });
  if (manifest === undefined) await requireWritable(manifestPath(path), { force });
  return { kind: 'file', path, manifest: manifest ?? manifestPath(path) };
}

async function trusted(directory: string, { note, refuse }: PlaceWarnings): Promise<string> {
  const { path, doubts } = await trustedPlace(directory, refuse);
  for (const doubt of doubts) note(doubt);
  return path;
}

/** The path of a file, its directory's as it leads: links on the way to that are not followed a second time either. */
async function trustedFile(file: string, warnings: PlaceWarnings): Promise<string> {
  const directory = await trusted(dirname(file), warnings);
  return directory === dirname(file) ? file : join(directory, basename(file));
}

async function isDirectory(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

/**
 * Name of a sealed file, from the archive's: the time's colons are dropped (`2026-11-23T162548Z`, still ISO 8601),
 * because scp takes what is before a colon for a host, and file systems of USB sticks know none.
 */
export function sealedName(archive: string): string {
  return `${archive.replaceAll(':', '')}.zst.age`;
}

/** Path of a sealed file in a directory. */
export function sealedPath(directory: string, archive: string): string {
  return join(directory, sealedName(archive));
}
