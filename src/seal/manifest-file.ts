import { stat } from 'node:fs/promises';
import { ColdcaseError, FormatError } from '../base/errors.js';
import { type AsideOptions, errorCode, fileError, writeFileAside } from '../base/files.js';
import { readInput } from '../base/read-input.js';
import { shownUrl } from '../base/shown-url.js';
import { fsPath } from '../base/text.js';
import { formatSize } from '../base/units.js';
import { MAX_MANIFEST, type Manifest, parseManifest } from './manifest.js';
import type { Check } from './verify.js';

/** Name of the manifest that belongs to a sealed file. */
export function manifestPath(sealed: string): string {
  return `${sealed}.json`;
}

/** A manifest, and the text of its file. */
export interface SealedText {
  readonly manifest: Manifest;
  readonly json: string;
}

/**
 * Writes the manifest of a sealed file that is complete. The sealed file stays when this fails: what the manifest
 * would have said is told with the error.
 *
 * @param sealed - where the sealed file is, as a user knows it
 * @throws as `writeFileAside`
 */
export async function writeManifest(
  path: string,
  { manifest, json }: SealedText,
  sealed: string,
  options: AsideOptions,
): Promise<void> {
  try {
    await writeFileAside(path, json, { force: options.force });
  } catch (error) {
    if (error instanceof ColdcaseError) error.more.push(...withoutManifest(manifest, sealed));
    throw error;
  }
}

function withoutManifest({ sealed, tar, proved }: Manifest, place: string): string[] {
  const state = proved ? 'complete, and was read back and proved' : 'complete';
  return [
    `only the manifest is missing: the sealed file is ${state}`,
    `sealed  ${shownUrl(place)}, ${formatSize(sealed.size)}`,
    `sha256  ${sealed.sha256}`,
    `tar     ${tar.name}, ${formatSize(tar.size)}, ${tar.entries} entries`,
    `sha256  ${tar.sha256}`,
    'keep these hashes; coldcase verify checks the sealed file without a manifest too',
  ];
}

/**
 * The manifest of a sealed file, if it can be read, and the check that says what became of reading it.
 *
 * @param given - where it is, a pipe too; the file's name with `.json` behind it if absent, and then it may be missing
 * @param signal - ends the waiting for a pipe that nobody has opened to write
 * @throws NotFoundError, DeniedError or FailedError when it cannot be read
 */
export async function readManifest(
  file: string,
  given?: string,
  signal?: AbortSignal,
): Promise<{ readonly manifest: Manifest | undefined; readonly check: Check }> {
  const path = given ?? manifestPath(file);
  const check = 'manifest';
  try {
    const found = await stat(fsPath(path));
    if (found.size > MAX_MANIFEST)
      throw new FormatError(shownUrl(path), undefined, 'too large for a manifest');
    // what merely lies there is not waited for
    if (given === undefined && !found.isFile())
      throw new FormatError(shownUrl(path), undefined, 'not a regular file');
    const { bytes } = await readInput(path, { limit: MAX_MANIFEST, signal });
    const manifest = parseManifest(bytes.toString('utf8'), shownUrl(path));
    const detail = `written ${manifest.createdAt} by coldcase ${manifest.tool.version}`;
    return { manifest, check: { check, verdict: 'ok', detail } };
  } catch (error) {
    if (errorCode(error) === 'ENOENT' && given === undefined) {
      const detail = `there is no ${shownUrl(path)}`;
      return { manifest: undefined, check: { check, verdict: 'not checked', detail } };
    }
    if (!(error instanceof FormatError)) throw fileError(error, path, 'read manifest');
    return { manifest: undefined, check: { check, verdict: 'failed', detail: error.message } };
  }
}
