import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UsageError } from '../../base/errors.js';
import { requireWritable } from '../../base/files.js';
import { manifestPath } from '../../seal/manifest-file.js';
import { makeDirectory } from '../output-path.js';
import { refuseTerminal } from '../standard-output.js';
import { trustedPlace } from './trusted-place.js';

/** Where sealed files go. */
export type OutputPlace =
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'file'; readonly path: string; readonly manifest: string }
  /** Standard output; the manifest follows in a file if one was named. */
  | { readonly kind: 'stdout'; readonly manifest: string | undefined };

/**
 * Decides what `-o` means: a directory when it is one or ends in `/` (made if missing, mode 0700), standard output
 * for `-`, otherwise a file. Everything is checked that can be before there is anything to write.
 *
 * @param note - told who else could swap what goes there; given when that will be all that is left
 * @throws NotFoundError for a missing directory, UnsafeError when the file is there or could be swapped, DeniedError
 */
export async function resolveOutput(
  output: string,
  manifest: string | undefined,
  force: boolean,
  note?: (line: string) => void,
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
    const { path } = note === undefined ? { path: output } : await trustedPlace(output);
    await makeDirectory(path);
    // again: below a sticky directory somebody else may have made it in between
    return { kind: 'directory', path: note === undefined ? path : await trusted(path, note) };
  }
  const path = note === undefined ? output : await trustedFile(output, note);
  await requireWritable(path, { force });
  if (manifest === undefined) await requireWritable(manifestPath(path), { force });
  return { kind: 'file', path, manifest: manifest ?? manifestPath(path) };
}

async function trusted(directory: string, note: (line: string) => void): Promise<string> {
  const { path, doubts } = await trustedPlace(directory);
  for (const doubt of doubts) note(doubt);
  return path;
}

/** Links on the way to its directory are not followed a second time either. */
async function trustedFile(file: string, note: (line: string) => void): Promise<string> {
  const directory = await trusted(dirname(file), note);
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
