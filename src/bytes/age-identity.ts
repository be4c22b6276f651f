import { createHash } from 'node:crypto';
import { FailedError, NotFoundError, UnsafeError, UsageError } from '../base/errors.js';
import { errorCode, fileError } from '../base/file-errors.js';
import { type ReadInput, readInput } from '../base/read-input.js';
import { shownUrl } from '../base/shown-url.js';
import { openAge } from './age-unlock.js';
import { MemorySource } from './memory.js';
import { sniff } from './sniff.js';

/** age's own bound on an identity file is 16 MiB; a megabyte holds thousands of identities. */
const MAX_IDENTITY_FILE = 1024 * 1024;
const IDENTITY = /^AGE-SECRET-KEY-(?:PQ-)?1[02-9AC-HJ-NP-Z]{58}$/;

/** SHA-256 of the identity under samples/, which is published on purpose and protects nothing. */
const PUBLISHED_IDENTITY = '6ce01abb0dfd465ad0765f5b1cf0538088b96b3e586771c005853a1beb7439bb';

/** Asks for the passphrase of what is named. */
export type AskPassphrase = (what: string) => Promise<string>;

/** What an identity file holds. */
export interface ReadIdentities {
  /** `AGE-SECRET-KEY-...`: secrets. */
  readonly identities: readonly string[];
  /** Kinds of identities that only age itself can use, in words. */
  readonly unsupported: readonly string[];
}

/**
 * Reads an identity file as age-keygen writes it: one identity a line, comments and empty lines between; or the
 * same encrypted with a passphrase by age, in ASCII armor or not. Identities that cannot be used here (SSH keys, those
 * of plugins) do not stand in the way of others.
 *
 * @param path - `-` is standard input; a pipe is read until it ends, as `-i <(command)` of a shell gives one
 * @param askPassphrase - called when the file is encrypted
 * @param signal - ends the waiting for a pipe that nobody has opened to write
 * @throws UnsafeError when everybody on the machine can read unencrypted identities in it
 * @throws NotFoundError, FailedError when it cannot be read; UsageError when it holds anything else
 * @throws WrongPassphraseError, IntegrityError when it is encrypted, and cannot be opened
 */
export async function readIdentities(
  path: string,
  askPassphrase?: AskPassphrase,
  signal?: AbortSignal,
): Promise<ReadIdentities> {
  const { bytes, stat } = await readAll(path, signal);
  if (sniff(bytes) !== 'age') {
    const read = await parseChecked(bytes.toString('utf8'), path);
    const secret = read.identities.some((identity) => !isPublished(identity));
    if (secret && (stat.mode & 0o004) !== 0) {
      throw new UnsafeError(`identity file ${shownUrl(path)} can be read by everybody on this machine`, {
        remedy: `chmod 600 ${shownUrl(path)}, and think about who may have read it`,
      });
    }
    return read;
  }
  if (askPassphrase === undefined)
    throw new UsageError(`identity file ${shownUrl(path)} is locked with a passphrase`);
  const source = new MemorySource(bytes, shownUrl(path));
  const passphrase = (): Promise<string> => askPassphrase(`identity file ${shownUrl(path)}`);
  const plain = await openAge(source, { identities: [], passphrase });
  return parseChecked(Buffer.from(await plain.read(0, plain.size)).toString('utf8'), path);
}

/**
 * As `readIdentities`, where every identity must be one that can be used.
 *
 * @throws UsageError too when one is not
 */
export async function readIdentityFile(
  path: string,
  askPassphrase?: AskPassphrase,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const { identities, unsupported } = await readIdentities(path, askPassphrase, signal);
  if (unsupported.length === 0) return identities;
  throw new UsageError(`${shownUrl(path)} holds ${unsupported.join(', ')}: only age itself can use that`, {
    remedy: REMEDY,
  });
}

const REMEDY = 'identities are AGE-SECRET-KEY-1... and AGE-SECRET-KEY-PQ-1..., one a line';

/** The identities in the text of an identity file. Errors name lines, never what is on them. */
export function parseIdentities(text: string, name: string): ReadIdentities {
  const identities: string[] = [];
  const unsupported: string[] = [];
  let block: string | undefined;
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (block !== undefined) {
      if (line.startsWith('-----END ')) block = undefined;
      continue;
    }
    if (line === '' || line.startsWith('#')) continue;
    if (IDENTITY.test(line)) {
      identities.push(line);
      continue;
    }
    const kind = unsupportedKind(line);
    if (kind === undefined) throw noIdentity(name, index + 1, 'no age identity');
    unsupported.push(kind);
    if (line.startsWith('-----BEGIN ')) block = kind;
  }
  if (block !== undefined) throw new UsageError(`${shownUrl(name)} holds ${block} that has no end`);
  if (identities.length + unsupported.length === 0) {
    throw new UsageError(`no identity in ${shownUrl(name)}`, { remedy: REMEDY });
  }
  return { identities, unsupported };
}

function noIdentity(name: string, line: number, what: string): UsageError {
  return new UsageError(`line ${line} of ${shownUrl(name)} holds ${what}`, { remedy: REMEDY });
}

/** What age takes besides, and coldcase does not; undefined for anything else. */
function unsupportedKind(line: string): string | undefined {
  const plugin = /^AGE-PLUGIN-([A-Z0-9+._-]{1,64})-1[02-9AC-HJ-NP-Z]*$/.exec(line)?.[1];
  if (plugin !== undefined) return `an identity of age-plugin-${plugin.toLowerCase()}`;
  if (/^AGE-SECRET-KEY-[A-Z0-9]{1,32}-1[02-9AC-HJ-NP-Z]+$/.test(line)) return 'an identity of a newer age';
  return /^-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY-----$/.test(line) ? 'an SSH private key' : undefined;
}

/** With what an identity ends: a checksum, without which a mistyped one would be one that opens nothing. */
async function parseChecked(text: string, name: string): Promise<ReadIdentities> {
  const read = parseIdentities(text, name);
  const { Decrypter } = await import('age-encryption');
  for (const identity of read.identities) {
    try {
      new Decrypter().addIdentity(identity);
    } catch {
      // not kept as the cause: its message may quote what is wrong
      const line = text.split('\n').findIndex((each) => each.trim() === identity) + 1;
      throw noIdentity(name, line, 'an age identity with a wrong checksum: mistyped, or cut');
    }
  }
  return read;
}

function isPublished(identity: string): boolean {
  return createHash('sha256').update(identity).digest('hex') === PUBLISHED_IDENTITY;
}

async function readAll(path: string, signal: AbortSignal | undefined): Promise<ReadInput> {
  try {
    return await readInput(path, { limit: MAX_IDENTITY_FILE, signal });
  } catch (cause) {
    const code = errorCode(cause);
    if (code === undefined) throw cause;
    if (code === 'ENOENT') {
      throw new NotFoundError(`no identity file ${shownUrl(path)}`, {
        remedy: 'check the path; coldcase keygen -o FILE makes a new one',
        cause,
      });
    }
    if (code === 'EISDIR') {
      throw new FailedError(`identity file ${shownUrl(path)} is a directory`, {
        remedy: 'name a file of identities',
      });
    }
    throw fileError(cause, path, 'read identity file');
  }
}
