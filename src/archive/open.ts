import { FormatError, UsageError } from '../base/errors.js';
import { shownUrl } from '../base/shown-url.js';
import type { AgeKeys } from '../bytes/age-unlock.js';
import { openFile } from '../bytes/file.js';
import { SNIFF_LENGTH, sniff } from '../bytes/sniff.js';
import type { ByteSource } from '../bytes/source.js';
import { type Archive, type ContainerFacts, makeArchive } from './archive.js';
import { indexTar } from './tar-index.js';

export interface OpenOptions {
  /** `AGE-SECRET-KEY-...` strings, or what gives them; called only if the archive is encrypted. */
  readonly identities?: AgeKeys['identities'] | (() => Promise<Omit<AgeKeys, 'passphrase'>>) | undefined;
  /** Asked for, once, when the archive is locked with a passphrase. */
  readonly passphrase?: AgeKeys['passphrase'];
  /** Stops opening; reads of an archive that is open go on. */
  readonly signal?: AbortSignal | undefined;
}

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
    const { openStandardInput } = await import('./open-stdin.js');
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
  const { archive, fileKey } = await openOwned(openFile(location), shownUrl(location), options);
  const random =
    archive.container.compression === 'none' || archive.container.compression === 'zstd-seekable';
  return random ? { ...archive, access: { path: location, fileKey } } : archive;
}

/** The keys that options hold or give. */
export async function resolveKeys({ identities = [], passphrase }: OpenOptions): Promise<AgeKeys> {
  return { ...(typeof identities === 'function' ? await identities() : { identities }), passphrase };
}

/** As `openArchive`, on a source, which is closed with the archive, and when opening it fails. */
export async function openArchiveSource(
  source: ByteSource,
  location: string,
  options: OpenOptions = {},
): Promise<Archive> {
  return (await openOwned(source, location, options)).archive;
}

interface Opened {
  readonly archive: Archive;
  /** Of an encrypted archive. */
  readonly fileKey: Uint8Array | undefined;
}

async function openOwned(source: ByteSource, location: string, options: OpenOptions): Promise<Opened> {
  try {
    return await openLayers(source, location, options);
  } catch (error) {
    await source.close();
    throw error;
  }
}

async function openLayers(stored: ByteSource, location: string, options: OpenOptions): Promise<Opened> {
  let source = stored;
  let fileKey: Uint8Array | undefined;
  let format = sniff(await source.read(0, Math.min(SNIFF_LENGTH, source.size)));
  const facts = { storedSize: stored.size, encrypted: format === 'age' };
  // What a plain tar does not need is not loaded for it.
  if (format === 'age') {
    const { unlockAge } = await import('../bytes/age-unlock.js');
    const unlocked = await unlockAge(source, await resolveKeys(options));
    source = unlocked.plaintext;
    fileKey = unlocked.fileKey;
    format = sniff(await source.read(0, Math.min(SNIFF_LENGTH, source.size)));
  }
  if (format === 'gzip' || format === 'zstd') {
    const { openCompressed } = await import('./open-compressed.js');
    return { archive: await openCompressed(source, location, format, facts, options), fileKey };
  }
  return { archive: await openPlain(source, location, { ...facts, compression: 'none' }, options), fileKey };
}

async function openPlain(
  tar: ByteSource,
  location: string,
  facts: Omit<ContainerFacts, 'tarSize' | 'endMarked'>,
  options: OpenOptions,
): Promise<Archive> {
  if (tar.size === 0) throw new FormatError(tar.name, undefined, 'empty: not an archive');
  const { entries, marked } = await indexTar(tar, options.signal).catch((error: unknown) => {
    throw error instanceof FormatError && error.offset === 0 ? notAnArchive(tar.name, error) : error;
  });
  return makeArchive(location, { ...facts, tarSize: tar.size, endMarked: marked }, entries, tar);
}

/** What does not even begin as a tar was most likely never one. */
function notAnArchive(name: string, cause: FormatError): FormatError {
  return new FormatError(name, 0, 'not a checkpoint archive, or damaged from its first byte on', {
    remedy: 'an archive is a tar, plain or in gzip or zstd, or either of them encrypted with age',
    cause,
  });
}
