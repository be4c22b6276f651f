import { UsageError } from '../base/errors.js';
import { readIdentities } from '../bytes/age-identity.js';
import type { AgeKeys } from '../bytes/age-unlock.js';
import { interrupted } from './interrupt.js';
import { askPassphrase } from './prompt.js';

/**
 * What the files that `-i` names hold, together.
 *
 * @param file - what they are to open; `-` when it is read from standard input
 * @throws as `readIdentities`; UsageError when file and identity would both come from standard input
 */
export async function readIdentityOptions(
  file: string,
  options: { readonly identity?: readonly string[] },
): Promise<Omit<AgeKeys, 'passphrase'>> {
  const identities: string[] = [];
  const unsupported: string[] = [];
  for (const path of options.identity ?? []) {
    if (path === '-' && file === '-') {
      throw new UsageError('the file and the identity cannot both come from standard input');
    }
    const read = await readIdentities(path, askPassphrase, interrupted);
    identities.push(...read.identities);
    unsupported.push(...read.unsupported);
  }
  return { identities, unsupported };
}

/** The keys that `-i` names, and the terminal to ask for a passphrase on. @throws as `readIdentityOptions` */
export async function readKeys(
  file: string,
  options: { readonly identity?: readonly string[] },
): Promise<AgeKeys> {
  const passphrase = (): Promise<string> => askPassphrase(file === '-' ? 'standard input' : file);
  return { ...(await readIdentityOptions(file, options)), passphrase };
}
