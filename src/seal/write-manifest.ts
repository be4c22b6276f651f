import { ColdcaseError } from '../base/errors.js';
import { shownUrl } from '../base/shown-url.js';
import { formatSize } from '../base/units.js';
import { type AsideOptions, writeFileAside } from '../base/write-aside.js';
import type { Manifest } from './manifest.js';

/** A manifest, and the text of its file. */
export interface SealedText {
  readonly manifest: Manifest;
  readonly json: string;
}

/**
 * Writes the manifest of a sealed file that is complete. The sealed file stays when this fails: what the manifest
 * would have said is told with the error.
 *
 * @param sealed - where the sealed file is, as a user knows it
 * @throws as `writeFileAside`
 */
export async function writeManifest(
  path: string,
  { manifest, json }: SealedText,
  sealed: string,
  options: AsideOptions,
): Promise<void> {
  try {
    await writeFileAside(path, json, { force: options.force });
  } catch (error) {
    if (error instanceof ColdcaseError) error.more.push(...withoutManifest(manifest, sealed));
    throw error;
  }
}

function withoutManifest({ sealed, tar, proved }: Manifest, place: string): string[] {
  const state = proved ? 'complete, and was read back and proved' : 'complete';
  return [
    `only the manifest is missing: the sealed file is ${state}`,
    `sealed  ${shownUrl(place)}, ${formatSize(sealed.size)}`,
    `sha256  ${sealed.sha256}`,
    `tar     ${tar.name}, ${formatSize(tar.size)}, ${tar.entries} entries`,
    `sha256  ${tar.sha256}`,
    'keep these hashes; coldcase verify checks the sealed file without a manifest too',
  ];
}
