import { stat } from 'node:fs/promises';
import { WrongKeyError } from '../base/errors.js';
import { shownUrl } from '../base/shown-url.js';
import type { Manifest } from '../seal/manifest.js';
import { manifestPath } from '../seal/manifest.js';
import { readManifest } from '../seal/read-manifest.js';

/** A manifest of more recipients is better read itself. */
const LISTED = 10;

/**
 * The error with the recipients of the sealed file, where the manifest beside it is of this very file: the header
 * itself only has the kinds of them.
 */
export async function namingRecipients(error: WrongKeyError, file: string): Promise<WrongKeyError> {
  try {
    const { manifest } = await readManifest(file);
    if (manifest?.sealed.size !== (await stat(file)).size) return error;
    return withRecipientsOf(error, manifest, manifestPath(file));
  } catch {
    return error; // nothing that keeps a manifest from being read is worth more here than what the header says
  }
}

/** The error with the recipients that a manifest names. */
export function withRecipientsOf(
  error: WrongKeyError,
  { recipients }: Manifest,
  path: string,
): WrongKeyError {
  if (recipients === 'passphrase') return error;
  const lines = recipients.slice(0, LISTED).map((recipient) => `  ${recipient}`);
  if (recipients.length > LISTED) lines.push(`  and ${recipients.length - LISTED} more`);
  return new WrongKeyError(error.message, {
    remedy: `give the identity of one of the recipients that ${shownUrl(path)} names, with -i:`,
    more: [...lines, ...error.more],
    cause: error.cause,
  });
}
