import { createHash } from 'node:crypto';
import { openAge } from '../../src/bytes/age-unlock.js';
import { openFile } from '../../src/bytes/file.js';
import { checkContent } from '../../src/seal/check-content.js';

/** SHA-256 of the tar in a sealed file, every chunk, frame and the index checked on the way. */
export async function provedSha256(path: string, identity: string): Promise<string> {
  const payload = await openAge(openFile(path), { identities: [identity] });
  try {
    const checked = await checkContent(payload);
    if (!checked) throw new Error(`${path} was not sealed by coldcase`);
    return checked.tar.sha256;
  } finally {
    await payload.close();
  }
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
