import { UsageError } from '../base/errors.js';
import { readIdentityFile } from '../bytes/age-identity.js';
import type { AgeKeys } from '../bytes/age-unlock.js';
import type { ArchiveOptions } from './archive-options.js';
import { interrupted } from './interrupt.js';
import { askPassphrase } from './prompt.js';

/**
 * The keys that `-i` names, and the terminal to ask for a passphrase on.
 *
 * @param file - what they are to open, for the prompt; `-` when it is read from standard input
 * @throws as `readIdentityFile`; UsageError when file and identity would both come from standard input
 */
export async function readKeys(file: string, options: ArchiveOptions): Promise<AgeKeys> {
  const identities: string[] = [];
  for (const path of options.identity ?? []) {
    if (path === '-' && file === '-') {
      throw new UsageError('the file and the identity cannot both come from standard input');
    }
    identities.push(...(await readIdentityFile(path, askPassphrase, interrupted)));
  }
  return { identities, passphrase: () => askPassphrase(file === '-' ? 'standard input' : file) };
}
