import { UsageError } from '../base/errors.js';
import { shownUrl } from '../base/shown-url.js';
import { openFile } from '../bytes/file.js';
import type { Archive } from './archive.js';
import { type OpenOptions, openArchiveSource, openWithKey } from './open-source.js';

/**
 * Opens an archive, whatever it is stored in, told by content: a tar, plain or compressed with gzip or zstd,
 * encrypted with age or not.
 *
 * @param location - a path; an http(s) URL of a server that serves ranges; or `-`, standard input. The archive's own
 * `location` is for people, as `shownUrl` has it
 * @throws NotFoundError, DeniedError, FailedError when it cannot be reached; IntegrityError and its FormatError
 * when its bytes make no sense; WrongKeyError and WrongPassphraseError when no key opens it; UsageError when it
 * needs a key and none was given
 */
export async function openArchive(location: string, options: OpenOptions = {}): Promise<Archive> {
  if (location === '-') {
    const { openStandardInput } = await import('./standard-input.js');
    return openStandardInput(options);
  }
  if (/^https?:\/\//i.test(location)) {
    const { openHttp } = await import('../bytes/http.js');
    const source = await openHttp(location, { signal: options.signal });
    return openArchiveSource(source, source.name, options);
  }
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(location)) {
    throw new UsageError(`${shownUrl(location)}: only http and https URLs are read`, {
      remedy: 'download the file, or have the store sign an https URL of it',
    });
  }
  const { archive, fileKey } = await openWithKey(openFile(location), shownUrl(location), options);
  const { compression } = archive.storage;
  const random = compression === 'none' || compression === 'zstd-seekable';
  return random ? { ...archive, access: { path: location, fileKey } } : archive;
}
