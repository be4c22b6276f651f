import { createHash } from 'node:crypto';
import { FailedError, FormatError, NotFoundError, UnsafeError, UsageError } from '../base/errors.js';
import { errorCode } from '../base/files.js';
import { type ReadInput, readInput } from '../base/read-input.js';
import { looksEncrypted, openAge } from './age-unlock.js';
import { MemorySource } from './memory.js';

/** age's own bound on an identity file is 16 MiB; a megabyte holds thousands of identities. */
const MAX_IDENTITY_FILE = 1024 * 1024;
const IDENTITY = /^AGE-SECRET-KEY-(?:PQ-)?1[02-9AC-HJ-NP-Z]{58}$/;

/** SHA-256 of the identity under samples/, which is published on purpose and protects nothing. */
const PUBLISHED_IDENTITY = '6ce01abb0dfd465ad0765f5b1cf0538088b96b3e586771c005853a1beb7439bb';

/** Asks for the passphrase of what is named. */
export type AskPassphrase = (what: string) => Promise<string>;

/**
 * Reads an identity file as age-keygen writes it: one identity a line, comments and empty lines between; or the
 * same encrypted with a passphrase by age, in ASCII armor or not.
 *
 * @param path - `-` is standard input; a pipe is read until it ends, as `-i <(command)` of a shell gives one
 * @param askPassphrase - called when the file is encrypted
 * @param signal - ends the waiting for a pipe that nobody has opened to write
 * @returns identities as `AGE-SECRET-KEY-...`: secrets
 * @throws UnsafeError when everybody on the machine can read unencrypted identities in it
 * @throws NotFoundError, FailedError when it cannot be read; FormatError when it holds anything else
 */
export async function readIdentityFile(
  path: string,
  askPassphrase?: AskPassphrase,
  signal?: AbortSignal,
): Promise<string[]> {
  const { bytes, stat } = await readAll(path, signal);
  if (!looksEncrypted(bytes)) {
    const identities = parseIdentities(bytes.toString('utf8'), path);
    if ((stat.mode & 0o004) !== 0 && !identities.every(isPublished)) {
      throw new UnsafeError(`identity file ${path} can be read by everybody on this machine`, {
        remedy: `chmod 600 ${path}, and think about who may have read it`,
      });
    }
    return identities;
  }
  if (askPassphrase === undefined) throw new UsageError(`identity file ${path} is locked with a passphrase`);
  const source = new MemorySource(bytes, path);
  const passphrase = (): Promise<string> => askPassphrase(`identity file ${path}`);
  const plain = await openAge(source, { identities: [], passphrase });
  return parseIdentities(Buffer.from(await plain.read(0, plain.size)).toString('utf8'), path);
}

/** The identities in the text of an identity file. Errors name lines, never what is on them. */
export function parseIdentities(text: string, name: string): string[] {
  const identities: string[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    if (!IDENTITY.test(line)) {
      const plugin = line.startsWith('AGE-PLUGIN-')
        ? 'an age plugin, which is not supported'
        : 'no age identity';
      throw new FormatError(name, undefined, `line ${index + 1} holds ${plugin}`, {
        remedy: 'identities are AGE-SECRET-KEY-1... and AGE-SECRET-KEY-PQ-1..., one a line',
      });
    }
    identities.push(line);
  }
  if (identities.length === 0) throw new FormatError(name, undefined, 'no identity in this file');
  return identities;
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
      throw new NotFoundError(`no identity file ${path}`, {
        remedy: 'check the path; coldcase keygen -o FILE makes a new one',
        cause,
      });
    }
    if (code === 'EISDIR') {
      throw new FailedError(`identity file ${path} is a directory`, { remedy: 'name a file of identities' });
    }
    throw new FailedError(`cannot read identity file ${path}: ${code}`, { cause });
  }
}
