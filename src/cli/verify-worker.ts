import { parentPort, workerData } from 'node:worker_threads';
import { packError } from '../base/thread-error.js';
import { openFile } from '../bytes/file.js';
import { readManifest } from '../seal/read-manifest.js';
import { hashSource, type SealCheck, verify } from '../seal/verify.js';
import type { VerifyJob, VerifyReport } from './verify-thread.js';

const PROGRESS_MS = 100;

/** Does the job, and says how far it is and what it came to. */
async function run(job: VerifyJob): Promise<void> {
  const source = openFile(job.path);
  let last = Number.NEGATIVE_INFINITY;
  let current = '';
  const onProgress = (phase: string, done: number, total: number): void => {
    const now = performance.now();
    if (phase === current && now - last < PROGRESS_MS) return;
    [last, current] = [now, phase];
    send({ type: 'progress', phase, done, total });
  };
  const hashes: Partial<Record<'sealed file' | 'tar', string>> = {};
  try {
    let checks: SealCheck[];
    if (job.fileKey === undefined) {
      const sha256 = await hashSource(source, onProgress, undefined);
      hashes['sealed file'] = sha256;
      checks = compareHash(sha256, source.size, job);
    } else {
      const { manifest, check } = await readManifest(job.path);
      const onHash = (of: keyof typeof hashes, sha256: string): void => {
        hashes[of] = sha256;
      };
      checks = [
        check,
        ...(await verify(source, { manifest, keys: { fileKey: job.fileKey }, onProgress, onHash })),
      ];
    }
    send({ type: 'done', checks, fileSha256: hashes['sealed file'], tarSha256: hashes.tar });
  } finally {
    await source.close();
  }
}

/** A file that is not sealed, against the manifest of the sealed one that it came from or became, if there is one. */
function compareHash(sha256: string, size: number, { manifestOf }: VerifyJob): SealCheck[] {
  if (manifestOf === undefined) return [];
  const { path, files } = manifestOf;
  const same = files.find((file) => file.sha256 === sha256 && file.size === size);
  if (same !== undefined) {
    return [{ check: 'SHA-256', verdict: 'ok', detail: `${sha256}, that of ${same.name} in ${path}` }];
  }
  return [{ check: 'SHA-256', verdict: 'failed', detail: `${sha256} is of no file that ${path} names` }];
}

function send(report: VerifyReport): void {
  parentPort?.postMessage(report);
}

const job: VerifyJob = workerData;
run(job).catch((error: unknown) => {
  send({ type: 'failed', error: packError(error) });
});
