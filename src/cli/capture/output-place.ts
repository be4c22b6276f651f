import { access, constants, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { NotFoundError, UsageError } from '../../base/errors.js';
import { errorCode, fileError, requireWritable } from '../../base/files.js';
import { manifestPath } from '../../seal/manifest-file.js';
import { refuseTerminal } from '../standard-output.js';

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
 * @throws NotFoundError for a missing directory, UnsafeError when the file is there, DeniedError
 */
export async function resolveOutput(
  output: string,
  manifest: string | undefined,
  force: boolean,
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
    await makeDirectory(output);
    return { kind: 'directory', path: output };
  }
  await requireWritable(output, { force });
  if (manifest === undefined) await requireWritable(manifestPath(output), { force });
  return { kind: 'file', path: output, manifest: manifest ?? manifestPath(output) };
}

async function isDirectory(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    if (errorCode(error) === 'ENOENT') {
      throw new NotFoundError(`the directory above ${path} does not exist`, {
        remedy: 'make it first, or name another',
      });
    }
    if (errorCode(error) !== 'EEXIST') throw fileError(error, path, 'make directory');
  }
  await access(path, constants.W_OK | constants.X_OK).catch((error: unknown) => {
    throw fileError(error, path, 'write to directory');
  });
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
