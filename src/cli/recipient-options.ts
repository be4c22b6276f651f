import type { Command } from 'commander';
import { UsageError } from '../base/errors.js';
import type { SealFor } from '../seal/recipients.js';
import { interrupted } from './interrupt.js';

/** What `addRecipientOptions` puts into commander's options. */
export interface RecipientOptions {
  readonly recipient?: readonly string[];
  readonly recipientsFile?: readonly string[];
  readonly passphrase?: true;
}

/** Adds `-r`, `-R` and `-p`, as age has them. */
export function addRecipientOptions(command: Command): Command {
  return command
    .option(
      '-r, --recipient <recipient>',
      'seal for this age recipient (age1..., age1pq1...); repeatable',
      collect,
    )
    .option(
      '-R, --recipients-file <file>',
      'seal for the recipients in this file, one a line; repeatable',
      collect,
    )
    .option('-p, --passphrase', 'seal with a passphrase, asked on the terminal');
}

/**
 * Whom to seal for, if anything can be sealed here. A passphrase is asked for here, twice.
 *
 * @param what - what is going to be sealed, for the question
 * @throws UsageError without any recipient, or for bad ones; FailedError where there is no zstd
 */
export async function readSealFor(options: RecipientOptions, what: string): Promise<SealFor> {
  const { checkRecipients, readRecipientsFile } = await import('../seal/recipients.js');
  (await import('../bytes/zstd-engine.js')).zstdEngine(); // what cannot be sealed is not asked for
  const named = [...(options.recipient ?? [])];
  for (const file of options.recipientsFile ?? [])
    named.push(...(await readRecipientsFile(file, interrupted)));
  if (options.passphrase !== true) return { recipients: await checkRecipients(named) };
  if (named.length > 0) {
    throw new UsageError('a passphrase and recipients exclude each other', {
      remedy: 'a file that a passphrase opens cannot have recipients (age)',
    });
  }
  const { askNewPassphrase } = await import('./prompt.js');
  return { passphrase: await askNewPassphrase(what) };
}

function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}
