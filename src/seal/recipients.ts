import { createCipheriv, randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import type { Recipient } from 'age-encryption';
import { UnsafeError, UsageError } from '../base/errors.js';
import { errorCode, fileError } from '../base/file-errors.js';
import { readInput } from '../base/read-input.js';
import { shownUrl } from '../base/shown-url.js';
import { CIPHER, CIPHER_OPTIONS, payloadKey } from '../bytes/age-stream.js';
import { deriveKey, MAX_WORK_FACTOR } from '../bytes/age-unlock.js';

/** Whom a file is sealed for: recipients, or a passphrase alone (age allows no mixture). */
export type SealFor = { readonly recipients: readonly string[] } | { readonly passphrase: string };

const MAX_RECIPIENTS = 256;
const MAX_RECIPIENT_FILE = 1024 * 1024;
const FILE_KEY_SIZE = 16;
const NONCE_SIZE = 16;
const POST_QUANTUM = /^age1(?:pq|tagpq)1/;

/**
 * Checks recipients as a user gave them, and drops repetitions.
 *
 * @throws UsageError when there is none, one is malformed, or post-quantum and other ones are mixed: whoever
 * could break the weaker would open the file, so age refuses that too
 */
export async function checkRecipients(recipients: readonly string[]): Promise<string[]> {
  const unique = [...new Set(recipients)];
  if (unique.length === 0) {
    const remedy =
      'give a recipient (-r age1...), a file of them (-R FILE) or -p; coldcase keygen makes a key';
    throw new UsageError('no recipient to seal for', { remedy });
  }
  if (unique.length > MAX_RECIPIENTS) throw new UsageError(`more than ${MAX_RECIPIENTS} recipients`);
  const { Encrypter } = await import('age-encryption');
  for (const recipient of unique) requireRecipient(recipient, new Encrypter());
  const hybrid = unique.filter((recipient) => POST_QUANTUM.test(recipient)).length;
  if (hybrid !== 0 && hybrid !== unique.length) {
    throw new UsageError('post-quantum recipients cannot be mixed with others', {
      remedy: 'seal twice, or have everyone use keygen --pq',
    });
  }
  return unique;
}

function requireRecipient(recipient: string, encrypter: { addRecipient(recipient: string): void }): void {
  if (recipient.toUpperCase().startsWith('AGE-SECRET-KEY-')) {
    throw new UsageError('an identity (secret) was given as a recipient', {
      remedy:
        'give its public half, which coldcase keygen -y FILE prints; the secret is in your shell history now',
    });
  }
  try {
    encrypter.addRecipient(recipient);
  } catch (cause) {
    const kind = recipient.startsWith('ssh-')
      ? 'SSH keys are not supported as recipients'
      : 'not an age recipient';
    const text = shownUrl(recipient);
    const shown = text.length > 80 ? `${text.slice(0, 80)}...` : text;
    throw new UsageError(`${kind}: ${shown}`, { remedy: 'recipients begin with age1 or age1pq1', cause });
  }
}

/**
 * Reads a file of recipients, one a line, with comments and empty lines.
 *
 * @param path - `-` is standard input; a pipe is read until it ends, as `-R <(command)` of a shell gives one
 * @param signal - ends the waiting for a pipe that nobody has opened to write
 * @throws UnsafeError when everybody on the machine could have put a recipient of their own into it
 */
export async function readRecipientsFile(path: string, signal?: AbortSignal): Promise<string[]> {
  const { bytes, stat } = await readInput(path, { limit: MAX_RECIPIENT_FILE, signal }).catch(
    (cause: unknown) => {
      if (errorCode(cause) !== 'EISDIR') throw fileError(cause, path, 'read recipients file');
      throw new UsageError(`${shownUrl(path)} is a directory`, {
        remedy: 'name a file of recipients, one a line',
      });
    },
  );
  if (stat.isFile() && (stat.mode & 0o002) !== 0) {
    throw new UnsafeError(`recipients file ${shownUrl(path)} can be changed by everybody on this machine`, {
      remedy: `check what is in it, then chmod o-w ${shownUrl(path)}`,
    });
  }
  const recipients: string[] = [];
  for (const [index, raw] of bytes.toString('utf8').split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    // said by number: a file given by mistake may hold a secret
    if (!/^age1[0-9a-z]+$/.test(line)) {
      const remedy =
        'recipients begin with age1 or age1pq1, one a line; coldcase keygen -y FILE prints those of identities';
      throw new UsageError(`line ${index + 1} of ${shownUrl(path)} is not an age recipient`, { remedy });
    }
    recipients.push(line);
  }
  if (recipients.length === 0) {
    throw new UsageError(`no recipient in ${shownUrl(path)}`, {
      remedy: 'it should hold recipients (age1...), one a line',
    });
  }
  return recipients;
}

/** A new age file's beginning, and the keys to what follows. */
export interface SealedHeader {
  /** The header and the payload nonce: what the file begins with. */
  readonly bytes: Uint8Array;
  /** Decrypts the whole file. Memory only. */
  readonly fileKey: Uint8Array;
  readonly payloadKey: Uint8Array;
}

/** Makes a file key and wraps it for everyone. The package writes the header; the payload is ours to write. */
export async function createHeader(sealFor: SealFor): Promise<SealedHeader> {
  const { Encrypter, Stanza } = await import('age-encryption');
  const encrypter = new Encrypter();
  let fileKey: Uint8Array = new Uint8Array(0);
  encrypter.addRecipient({
    wrapFileKey: (key) => {
      fileKey = Uint8Array.from(key);
      return [];
    },
  });
  if ('passphrase' in sealFor) {
    encrypter.addRecipient(passphraseRecipient(sealFor.passphrase, Stanza));
  } else {
    for (const recipient of await checkRecipients(sealFor.recipients)) encrypter.addRecipient(recipient);
  }
  // As a stream: of bytes the package makes a Response, and node would load its whole fetch for that.
  const emptyFile = await buffer(
    await encrypter.encrypt(new ReadableStream({ start: (empty) => empty.close() })),
  );
  const header = emptyFile.subarray(0, emptyFile.length - NONCE_SIZE - CIPHER_OPTIONS.authTagLength);
  // A nonce of our own: the package has encrypted its empty payload under the one that it chose.
  const nonce = randomBytes(NONCE_SIZE);
  return { bytes: Buffer.concat([header, nonce]), fileKey, payloadKey: payloadKey(fileKey, nonce) };
}

type StanzaClass = typeof import('age-encryption').Stanza;

/** age's scrypt stanza, with the key derived by node:crypto: off the main thread and ten times faster. */
function passphraseRecipient(passphrase: string, Stanza: StanzaClass): Recipient {
  return {
    wrapFileKey: async (fileKey) => {
      const salt = randomBytes(FILE_KEY_SIZE);
      const key = await deriveKey(passphrase, salt, MAX_WORK_FACTOR);
      const cipher = createCipheriv(CIPHER, key, Buffer.alloc(12), CIPHER_OPTIONS);
      const body = Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()]);
      const salt64 = salt.toString('base64').replace(/=+$/, '');
      return [new Stanza(['scrypt', salt64, String(MAX_WORK_FACTOR)], body)];
    },
  };
}
