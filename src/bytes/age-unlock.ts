import { createDecipheriv, scrypt } from 'node:crypto';
import type { Identity } from 'age-encryption';
import {
  ColdcaseError,
  FormatError,
  IntegrityError,
  UsageError,
  WrongKeyError,
  WrongPassphraseError,
} from '../base/errors.js';
import { looksLikeArmor, openArmor } from './age-armor.js';
import { type AgeHeader, readAgeHeader } from './age-header.js';
import { openAgePayload } from './age-payload.js';
import { recipientKinds } from './age-recipient-kinds.js';
import { CIPHER, CIPHER_OPTIONS, headerMac, TAG_SIZE } from './age-stream.js';
import type { ByteSource } from './source.js';

/** What a reader may open an age file with. */
export interface AgeKeys {
  /** `AGE-SECRET-KEY-1...` and `AGE-SECRET-KEY-PQ-1...`, as identity files hold them. */
  readonly identities: readonly string[];
  /** What kinds of identities were given besides that only age itself can use; for people. */
  readonly unsupported?: readonly string[] | undefined;
  /** Asked for, once, when a file is locked with a passphrase. */
  readonly passphrase?: (() => Promise<string>) | undefined;
}

/**
 * The largest scrypt work factor accepted, as a power of two: what age itself writes. It takes 256 MiB and about
 * a second; a header is written by whoever made the file, and each step more doubles both.
 */
export const MAX_WORK_FACTOR = 18;
const SCRYPT_LABEL = 'age-encryption.org/v1/scrypt';
const SCRYPT_R = 8;
const FILE_KEY_SIZE = 16;

/**
 * Opens an age file, binary or in ASCII armor, as its plaintext.
 *
 * @param source - the file; closed with the result
 * @throws WrongKeyError, WrongPassphraseError when no key opens it; IntegrityError when it was truncated or modified
 * @throws UsageError when it needs a passphrase and none can be asked for, or an identity and there is none
 * @throws FormatError when it is not a well-formed age file
 */
export async function openAge(source: ByteSource, keys: AgeKeys): Promise<ByteSource> {
  return (await unlockAge(source, keys)).plaintext;
}

/** As `openAge`, and the file key that opened it. */
export async function unlockAge(
  source: ByteSource,
  keys: AgeKeys,
): Promise<{ readonly plaintext: ByteSource; readonly fileKey: Uint8Array }> {
  const binary = await withoutArmor(source);
  const header = await readAgeHeader(binary);
  const fileKey = await unlockFileKey(header, keys, source.name);
  return { plaintext: await openAgePayload(binary, header, fileKey), fileKey };
}

/**
 * As `openAge`, by the file key.
 *
 * @throws IntegrityError when the header is not the one that the file key authenticates
 */
export async function openAgeWithKey(source: ByteSource, fileKey: Uint8Array): Promise<ByteSource> {
  const binary = await withoutArmor(source);
  const header = await readAgeHeader(binary);
  authenticateHeader(header, fileKey, source.name);
  return openAgePayload(binary, header, fileKey);
}

/** The header of an age file, binary or in ASCII armor, and the file without the armor. */
export async function readHeader(
  source: ByteSource,
): Promise<{ readonly header: AgeHeader; readonly binary: ByteSource }> {
  const binary = await withoutArmor(source);
  return { header: await readAgeHeader(binary), binary };
}

/** The MAC covers the header up to the dashes of its last line, which are followed by a space and the MAC itself. */
function authenticateHeader(header: AgeHeader, fileKey: Uint8Array, name: string): void {
  const end = Buffer.from(header.bytes).lastIndexOf('---') + 3;
  const written = Buffer.from(header.bytes.subarray(end)).toString('latin1').trim();
  if (headerMac(fileKey, header.bytes.subarray(0, end)) === written) return;
  throw new IntegrityError(`the age header of ${name} does not authenticate: it was modified`);
}

async function withoutArmor(source: ByteSource): Promise<ByteSource> {
  const start = await source.read(0, Math.min(source.size, 2048));
  return looksLikeArmor(start) ? openArmor(source) : source;
}

/**
 * The file key of an age file. It decrypts the whole file: keep it in memory, and no longer than needed.
 *
 * @param name - the file, for errors
 * @throws as `openAge`
 */
export async function unlockFileKey(header: AgeHeader, keys: AgeKeys, name: string): Promise<Uint8Array> {
  const byPassphrase = header.stanzaTypes.includes('scrypt');
  if (byPassphrase && header.stanzaTypes.length > 1) {
    throw new FormatError(name, undefined, 'age header with a passphrase and other recipients');
  }
  if (byPassphrase && keys.passphrase === undefined) {
    throw new UsageError(`${name} is locked with a passphrase`, {
      remedy: 'run the command on a terminal, where the passphrase can be asked for',
    });
  }
  if (!byPassphrase && keys.identities.length === 0) throw noIdentity(header, keys, name);
  const { Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  for (const identity of keys.identities) decrypter.addIdentity(identity);
  if (byPassphrase && keys.passphrase !== undefined) {
    decrypter.addIdentity(new PassphraseIdentity(name, keys.passphrase));
  }
  try {
    return await decrypter.decryptHeader(header.bytes);
  } catch (cause) {
    // what was thrown on the way says what it is: a malformed stanza, Ctrl-C at the passphrase
    if (!(cause instanceof Error) || cause instanceof ColdcaseError) throw cause;
    if (!cause.message.includes('no identity matched')) {
      throw new FormatError(name, undefined, `damaged age header (${cause.message})`, { cause });
    }
    throw byPassphrase
      ? new WrongPassphraseError(`wrong passphrase for ${name}`, { remedy: 'try again', cause })
      : wrongKey(`none of these keys opens ${name}`, header, keys, cause);
  }
}

function noIdentity(header: AgeHeader, keys: AgeKeys, name: string): UsageError | WrongKeyError {
  if ((keys.unsupported ?? []).length > 0) {
    return wrongKey(`none of these keys can be used by coldcase to open ${name}`, header, keys);
  }
  return new UsageError(`${name} is encrypted, and no identity was given`, {
    remedy: 'give the identity file that belongs to one of its recipients: -i FILE',
  });
}

function wrongKey(message: string, header: AgeHeader, keys: AgeKeys, cause?: unknown): WrongKeyError {
  const unsupported = [...new Set(keys.unsupported ?? [])];
  const remedy = `it is sealed for ${recipientKinds(header.stanzaTypes)}: give the identity of one of them with -i`;
  const more =
    unsupported.length === 0
      ? []
      : [
          `not tried, as only age itself can use it: ${unsupported.join(', ')}`,
          'to read with it: age -d -i IDENTITY SEALED | coldcase COMMAND -',
        ];
  return new WrongKeyError(message, { remedy, more, cause });
}

/** scrypt on node:crypto, off the main thread, with a bound on what a header may make us spend. */
class PassphraseIdentity implements Identity {
  readonly #name: string;
  readonly #ask: () => Promise<string>;

  constructor(name: string, ask: () => Promise<string>) {
    this.#name = name;
    this.#ask = ask;
  }

  async unwrapFileKey(stanzas: Parameters<Identity['unwrapFileKey']>[0]): Promise<Uint8Array | null> {
    const [stanza] = stanzas;
    const [type, salt64 = '', factor] = stanza?.args ?? [];
    if (stanza === undefined || stanzas.length !== 1 || type !== 'scrypt') return null;
    const salt = Buffer.from(salt64, 'base64');
    const wellFormed =
      // what node would skip or round is no base64 to age
      salt.toString('base64').replace(/=+$/, '') === salt64 &&
      stanza.args.length === 3 &&
      /^[1-9][0-9]?$/.test(factor ?? '') &&
      salt.length === 16 &&
      stanza.body.length === FILE_KEY_SIZE + TAG_SIZE;
    if (!wellFormed)
      throw new FormatError(this.#name, undefined, 'age header with a malformed scrypt stanza');
    if (Number(factor) > MAX_WORK_FACTOR) {
      const problem = `scrypt work factor 2^${factor}, more than the 2^${MAX_WORK_FACTOR} that is accepted`;
      throw new FormatError(this.#name, undefined, problem, {
        remedy: 'if you trust the file, decrypt it with age',
      });
    }
    const key = await deriveKey(await this.#ask(), salt, Number(factor));
    return openFileKey(stanza.body, key);
  }
}

/** The key that wraps a file key under a passphrase (age-encryption.org/v1, "scrypt recipient stanza"). */
export function deriveKey(passphrase: string, salt: Uint8Array, workFactor: number): Promise<Buffer> {
  const N = 2 ** workFactor;
  const options = { N, r: SCRYPT_R, p: 1, maxmem: 128 * SCRYPT_R * N + 16 * 1024 * 1024 };
  const labelled = Buffer.concat([Buffer.from(SCRYPT_LABEL), salt]);
  return new Promise((resolve, reject) => {
    scrypt(passphrase, labelled, 32, options, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}

function openFileKey(body: Uint8Array, key: Uint8Array): Uint8Array | null {
  const decipher = createDecipheriv(CIPHER, key, Buffer.alloc(12), CIPHER_OPTIONS);
  decipher.setAuthTag(body.subarray(FILE_KEY_SIZE));
  const fileKey = decipher.update(body.subarray(0, FILE_KEY_SIZE));
  try {
    decipher.final();
  } catch {
    return null; // a wrong passphrase: the caller says so
  }
  return fileKey;
}
