import { formatSize } from '../../base/units.js';
import type { CheckpointFile } from '../../kubelet/checkpoint-file.js';
import type { CaptureRecord } from '../../seal/capture-record.js';
import { manifestPath } from '../../seal/manifest.js';
import { type SealOptions, sealFile, sealToSink } from '../../seal/seal-file.js';
import { writeManifest } from '../../seal/write-manifest.js';
import { toStandardOutput } from '../standard-output.js';
import type { CaptureJob, ContainerTarget } from './job.js';
import { sealedName, sealedPath } from './output-place.js';
import type { CapturedArchive } from './report.js';

/** What sealing knows of it. */
type SealedArchive = Omit<CapturedArchive, 'left'>;

/**
 * Seals one archive; with the sealed copy proved, removes the original. The order is what keeps the evidence: the
 * sealed file has its name, flushed and read back, and its manifest is beside it, before the original goes.
 *
 * @param before - how many archives of this container are sealed already
 */
export async function sealArchive(
  job: CaptureJob,
  target: ContainerTarget,
  file: CheckpointFile,
  record: CaptureRecord,
  before: number,
): Promise<SealedArchive> {
  const options: SealOptions = {
    input: { name: file.path, fd: file.handle.fd, size: file.size },
    sealFor: job.sealFor,
    capture: record,
    toolVersion: job.toolVersion,
    onProgress: (phase, done, total) => job.progress.report(`${target.container}: ${phase}`, done, total),
    signal: job.signal,
  };
  try {
    if (job.output.kind === 'stdout') return await streamOut(job.output.manifest, job, target, file, options);
    const place = outputOf(job, file, before);
    const sealed = await sealFile({ ...options, ...place, force: job.force, prove: true });
    await file.checkUnchanged();
    if (!job.keepOriginal) await file.remove();
    return {
      target,
      path: sealed.path,
      manifestPath: sealed.manifestPath,
      manifest: sealed.manifest,
      original: { path: file.path, size: file.size, removed: !job.keepOriginal },
      warnings: warningsAbout(file, target),
    };
  } finally {
    job.progress.clear();
  }
}

/** One archive a container is what every runtime makes today; a second one goes beside the first, by its own name. */
function outputOf(
  job: CaptureJob,
  file: CheckpointFile,
  before: number,
): { output: string; manifest: string } {
  const { output } = job;
  if (output.kind === 'file' && before === 0) return { output: output.path, manifest: output.manifest };
  const path =
    output.kind === 'directory'
      ? sealedPath(output.path, file.name)
      : `${output.kind === 'file' ? output.path : ''}.${before + 1}`;
  return { output: path, manifest: manifestPath(path) };
}

/** Nothing can be read back from a stream, so nothing is proved, and the original stays. */
async function streamOut(
  manifest: string | undefined,
  job: CaptureJob,
  target: ContainerTarget,
  file: CheckpointFile,
  options: SealOptions,
): Promise<SealedArchive> {
  const sealed = await toStandardOutput((sink) => sealToSink(options, sink, sealedName(file.name)));
  await file.checkUnchanged();
  if (manifest !== undefined) await writeManifest(manifest, sealed, 'standard output', { force: job.force });
  return {
    target,
    path: undefined,
    manifestPath: manifest,
    manifest: sealed.manifest,
    original: { path: file.path, size: file.size, removed: false },
    warnings: [
      ...warningsAbout(file, target),
      `what went to standard output was not read back, so ${file.path} was kept: remove it once the copy verifies`,
    ],
  };
}

function warningsAbout(file: CheckpointFile, target: ContainerTarget): string[] {
  const warnings: string[] = [];
  if (!file.name.startsWith(`checkpoint-${target.pod}_${target.namespace}-${target.container}-`)) {
    warnings.push(`the archive's name ${file.name} is not that of ${target.container}: check what is in it`);
  }
  if (file.otherNames > 0) {
    warnings.push(
      `${file.path} had other names (hard links): its ${formatSize(file.size)} stay on this disk`,
    );
  }
  return warnings;
}
