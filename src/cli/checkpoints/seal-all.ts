import { join } from 'node:path';
import { ColdcaseError, UsageError } from '../../base/errors.js';
import { openOwnFile } from '../../base/sole-writer.js';
import { CheckpointDirectory } from '../../kubelet/checkpoint-dir.js';
import { escapeText } from '../../render/escape.js';
import { sealFile } from '../../seal/seal-file.js';
import { resolveOutput, sealedPath } from '../capture/output-place.js';
import { interrupted } from '../interrupt.js';
import { createProgress } from '../progress.js';
import { type RecipientOptions, readSealFor } from '../recipient-options.js';
import { errorLines } from '../report-error.js';
import { VERSION } from '../version.js';
import type { ArchiveRow } from './list.js';

/**
 * Seals the archives that have no sealed copy yet, and reads each copy back. The originals stay. One that cannot be
 * sealed does not keep the others from it; the first error is thrown when all were tried.
 *
 * @param directory - on this machine
 * @returns archive and sealed file, as made
 */
export async function sealAll(
  directory: string,
  rows: readonly ArchiveRow[],
  options: RecipientOptions & { readonly output?: string; readonly quiet?: boolean },
): Promise<readonly { readonly file: string; readonly sealed: string }[]> {
  const note = (line: string): void => {
    if (options.quiet !== true) process.stderr.write(`coldcase: ${escapeText(line)}\n`);
  };
  const place = await resolveOutput(options.output ?? '.', undefined, false, { note, refuse: false });
  if (place.kind !== 'directory') {
    throw new UsageError('-o must be a directory: there may be several archives', { remedy: '-o DIR/' });
  }
  const sealFor = await readSealFor(options, 'the archives');
  const made: { readonly file: string; readonly sealed: string }[] = [];
  const failures: { readonly file: string; readonly error: ColdcaseError }[] = [];
  const opened = await CheckpointDirectory.open(directory);
  const progress = createProgress(options);
  try {
    for (const { file, sealed: claimed } of rows.filter(({ kind }) => kind === 'file')) {
      interrupted.throwIfAborted();
      if (claimed !== null) {
        await sayIfDoubtful(file, claimed);
        continue;
      }
      let archive: Awaited<ReturnType<CheckpointDirectory['take']>> | undefined;
      try {
        archive = await opened.take(join(opened.path, file));
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
      } catch (error) {
        if (!(error instanceof ColdcaseError) || interrupted.aborted) throw error;
        failures.push({ file, error });
      } finally {
        await archive?.close();
      }
    }
  } finally {
    progress.clear();
    await opened.close();
  }
  const [first, ...others] = failures;
  for (const { file, error } of others) {
    process.stderr.write(
      `coldcase: not sealed: ${escapeText(file)}:\n${errorLines(error, false).join('\n')}\n`,
    );
  }
  if (first !== undefined) throw first.error;
  return made;
}

/** A manifest that others could have written may only want that an archive is not sealed. */
async function sayIfDoubtful(file: string, claimed: string): Promise<void> {
  const copy = await openOwnFile(claimed);
  if (copy.ok) return copy.handle.close();
  process.stderr.write(
    `coldcase: ${escapeText(`${file} was not sealed again, for ${claimed} is said to be its copy; but ${copy.why}: prove it, coldcase verify -i`)}\n`,
  );
}
