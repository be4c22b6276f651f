import type { Command } from 'commander';
import type { Archive } from '../archive/archive.js';
import { openArchive } from '../archive/open.js';
import type { OpenOptions } from '../archive/open-source.js';
import { WrongKeyError } from '../base/errors.js';
import { shownUrl } from '../base/shown-url.js';
import { interrupted } from './interrupt.js';

/** What `addArchiveOptions` puts into commander's options. */
export interface ArchiveOptions {
  readonly identity?: readonly string[];
}

/** What the ARCHIVE argument may be, for help texts. */
export const ARCHIVE_HELP =
  'path or http(s) URL of a checkpoint archive: plain, gzip, zstd or sealed; - is standard input';

/** Adds `-i, --identity`. */
export function addArchiveOptions(command: Command): Command {
  return command.option(
    '-i, --identity <file>',
    'age identity file that opens a sealed archive; may be given more than once',
    (value: string, previous: readonly string[] = []) => [...previous, value],
  );
}

/** Adds the argument ARCHIVE and what opening it may need. */
export function addArchiveArgument(command: Command): Command {
  return addArchiveOptions(command.argument('<archive>', ARCHIVE_HELP));
}

/**
 * Opens an archive for a command, hands it on, and closes it. Identity files are read, and passphrases asked for,
 * only if it is encrypted. Ctrl-C stops opening.
 */
export async function withArchive<T>(
  location: string,
  options: ArchiveOptions,
  work: (archive: Archive) => Promise<T>,
): Promise<T> {
  const archive = await openArchive(location, openingOptions(location, options)).catch(async (error) => {
    throw await withRecipients(error, location);
  });
  try {
    if (!archive.storage.endMarked) await warnOfEnd(location);
    return await work(archive);
  } finally {
    await archive.close();
  }
}

/** A wrong key with whom the archive is sealed for, where that is known; any other error as it is. */
export async function withRecipients(error: unknown, location: string): Promise<unknown> {
  if (!(error instanceof WrongKeyError)) return error;
  return (await import('./wrong-key.js')).namingRecipients(error, location);
}

/** What `openArchive` needs, from a command's options. */
export function openingOptions(location: string, options: ArchiveOptions): OpenOptions {
  return {
    signal: interrupted,
    identities: async () => (await import('./identity-options.js')).readIdentityOptions(location, options),
    passphrase: async () => (await import('./prompt.js')).askPassphrase(location),
  };
}

async function warnOfEnd(location: string): Promise<void> {
  const { escapeText } = await import('../render/escape.js');
  process.stderr.write(
    `coldcase: warning: ${escapeText(shownUrl(location))} lacks the mark that ends a tar: it may have been cut\n`,
  );
}
