import { stat } from 'node:fs/promises';
import { FormatError } from '../base/errors.js';
import { errorCode, fileError } from '../base/file-errors.js';
import { readInput } from '../base/read-input.js';
import { shownUrl } from '../base/shown-url.js';
import { fsPath } from '../base/text.js';
import { MAX_MANIFEST, type Manifest, manifestPath, parseManifest } from './manifest.js';
import type { SealCheck } from './verify.js';

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
): Promise<{ readonly manifest: Manifest | undefined; readonly check: SealCheck }> {
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
