import { FormatError } from '../base/errors.js';
import type { AgeKeys } from '../bytes/age-unlock.js';
import type { ByteSource } from '../bytes/source.js';
import { type AskKeys, unwrapSource } from '../bytes/unwrap.js';
import { type Archive, makeArchive, type StoredFacts } from './archive.js';
import { indexTar } from './tar-index.js';

export interface OpenOptions {
  /** `AGE-SECRET-KEY-...` strings, or what gives them; called only if the archive is encrypted. */
  readonly identities?: AgeKeys['identities'] | (() => Promise<Omit<AgeKeys, 'passphrase'>>) | undefined;
  /** Asked for, once, when the archive is locked with a passphrase. */
  readonly passphrase?: AgeKeys['passphrase'];
  /** Stops opening; reads of an archive that is open go on. */
  readonly signal?: AbortSignal | undefined;
}

/** What gives the keys that options hold or give. */
export function askKeys({ identities = [], passphrase }: OpenOptions): AskKeys {
  return async () => ({
    ...(typeof identities === 'function' ? await identities() : { identities }),
    passphrase,
  });
}

/**
 * Opens an archive, whatever it is stored in, on a source, which is closed with it, and when opening it fails.
 *
 * @param location - what the archive is called
 * @throws as `openArchive`
 */
export async function openArchiveSource(
  source: ByteSource,
  location: string,
  options: OpenOptions = {},
): Promise<Archive> {
  return (await openWithKey(source, location, options)).archive;
}

/** As `openArchiveSource`, and the file key that opened an encrypted archive. */
export async function openWithKey(
  source: ByteSource,
  location: string,
  options: OpenOptions,
): Promise<{ readonly archive: Archive; readonly fileKey: Uint8Array | undefined }> {
  try {
    const unwrapped = await unwrapSource(source, askKeys(options));
    const { encrypted, compression, fileKey } = unwrapped;
    const facts = { storedSize: source.size, encrypted };
    if (compression === 'none') {
      return { archive: await openPlain(unwrapped.source, location, facts, options), fileKey };
    }
    // what a plain tar does not need is not loaded for it
    const { openCompressed } = await import('./open-compressed.js');
    const archive = await openCompressed(unwrapped.source, location, compression, facts, options.signal);
    return { archive, fileKey };
  } catch (error) {
    await source.close();
    throw error;
  }
}

async function openPlain(
  tar: ByteSource,
  location: string,
  facts: StoredFacts,
  options: OpenOptions,
): Promise<Archive> {
  if (tar.size === 0) throw new FormatError(tar.name, undefined, 'empty: not an archive');
  const { entries, marked } = await indexTar(tar, options.signal).catch((error: unknown) => {
    throw error instanceof FormatError && error.offset === 0 ? notAnArchive(tar.name, error) : error;
  });
  const storage = { ...facts, compression: 'none', tarSize: tar.size, endMarked: marked } as const;
  return makeArchive(location, storage, entries, tar);
}

/** What does not even begin as a tar was most likely never one. */
function notAnArchive(name: string, cause: FormatError): FormatError {
  return new FormatError(name, 0, 'not a checkpoint archive, or damaged from its first byte on', {
    remedy: 'an archive is a tar, plain or in gzip or zstd, or either of them encrypted with age',
    cause,
  });
}
