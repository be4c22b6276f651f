import { join } from 'node:path';
import { UsageError } from '../../base/errors.js';
import { CheckpointDirectory } from '../../kubelet/checkpoint-dir.js';
import { sealFile } from '../../seal/seal-file.js';
import { resolveOutput, sealedPath } from '../capture/output-place.js';
import { interrupted } from '../interrupt.js';
import { createProgress } from '../progress.js';
import { type RecipientOptions, readSealFor } from '../recipient-options.js';
import { VERSION } from '../version.js';
import type { ArchiveRow } from './list.js';

/**
 * Seals the archives that have no sealed copy yet, and reads each copy back. The originals stay.
 *
 * @param directory - on this machine
 * @returns archive and sealed file, as made
 */
export async function sealAll(
  directory: string,
  rows: readonly ArchiveRow[],
  options: RecipientOptions & { readonly output?: string; readonly quiet?: boolean },
): Promise<readonly { readonly file: string; readonly sealed: string }[]> {
  const place = await resolveOutput(options.output ?? '.', undefined, false);
  if (place.kind !== 'directory') {
    throw new UsageError('-o must be a directory: there may be several archives', { remedy: '-o DIR/' });
  }
  const sealFor = await readSealFor(options, 'the archives');
  const made: { readonly file: string; readonly sealed: string }[] = [];
  const opened = await CheckpointDirectory.open(directory);
  const progress = createProgress(options);
  try {
    for (const { file } of rows.filter(({ sealed }) => sealed === null)) {
      const archive = await opened.take(join(opened.path, file));
      try {
        const sealed = await sealFile({
          input: { name: file, fd: archive.handle.fd, size: archive.size },
          sealFor,
          capture: null,
          toolVersion: VERSION,
          output: sealedPath(place.path, file),
          prove: true,
          onProgress: progress.report.bind(progress),
          signal: interrupted,
        });
        await archive.checkUnchanged();
        made.push({ file, sealed: sealed.path });
      } finally {
        await archive.close();
      }
    }
  } finally {
    progress.clear();
    await opened.close();
  }
  return made;
}
