import { createInterface } from 'node:readline/promises';
import type { Archive } from '../archive/archive.js';
import { openArchive } from '../archive/open.js';
import {
  ColdcaseError,
  InterruptedError,
  UsageError,
  WrongKeyError,
  WrongPassphraseError,
} from '../base/errors.js';
import { escapeText } from '../render/escape.js';
import { type ArchiveOptions, openingOptions, withRecipients } from './archive-options.js';
import { errorLines } from './report-error.js';

/** How far opening an archive came. */
interface Asked {
  /** Whether identities were wanted. */
  needed: boolean;
  /** Whether the archive itself is locked with a passphrase: no identity opens it. */
  locked: boolean;
  /** Why the identities could not be read. */
  unreadable: unknown;
}

/** How often a passphrase may be given wrong, one after the other. */
const PASSPHRASES = 3;

/** Opens the archive; where the identity is missing or not the right one, asks for another until one opens it. */
export async function openAsking(location: string, options: ArchiveOptions): Promise<Archive> {
  let identity = options.identity ?? [];
  let wrong = 0;
  for (;;) {
    const state: Asked = { needed: false, locked: false, unreadable: undefined };
    try {
      const opening = openingOptions(location, { identity });
      return await openArchive(location, {
        ...opening,
        identities: async () => {
          state.needed = true;
          const given = opening?.identities;
          try {
            return typeof given === 'function' ? await given() : { identities: given ?? [] };
          } catch (error) {
            state.unreadable = error;
            throw error;
          }
        },
        passphrase: async () => {
          state.locked = true;
          return (await import('./prompt.js')).askPassphrase(location);
        },
      });
    } catch (error) {
      if (error instanceof WrongPassphraseError) {
        wrong += 1;
        if (wrong === PASSPHRASES) throw error;
        process.stderr.write(`coldcase: ${escapeText(error.message)}\n`);
        continue;
      }
      if (!isAboutIdentity(error, state)) throw error;
      const told = await withRecipients(error, location);
      process.stderr.write(`${errorLines(told, false).join('\n')}\n`);
      wrong = 0;
      identity = [await askIdentity()];
    }
  }
}

/** No identity, a file that holds none, or one that does not open the archive; damage of that is not about it. */
function isAboutIdentity(error: unknown, { needed, locked, unreadable }: Asked): boolean {
  if (!needed || locked || error instanceof InterruptedError) return false;
  if (error === unreadable) return error instanceof ColdcaseError;
  return error instanceof UsageError || error instanceof WrongKeyError;
}

async function askIdentity(): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const stopped = new AbortController();
  lines.once('SIGINT', () => stopped.abort());
  lines.once('close', () => stopped.abort());
  try {
    const answer = await lines.question('Identity file (empty to give up): ', { signal: stopped.signal });
    if (answer.trim() !== '') return answer.trim();
  } catch (cause) {
    throw new InterruptedError('no identity given', { cause });
  } finally {
    lines.close();
  }
  throw new UsageError('no identity given', { remedy: 'give the identity file with -i FILE' });
}
