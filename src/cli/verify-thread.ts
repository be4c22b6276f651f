import { Worker } from 'node:worker_threads';
import { FailedError, InterruptedError } from '../base/errors.js';
import { type PackedError, unpackError } from '../base/thread-error.js';
import { workerUrl } from '../base/worker.js';
import type { FileFacts } from '../seal/manifest.js';
import type { SealCheck } from '../seal/verify.js';

/** What a thread is to verify. */
export interface VerifyJob {
  readonly path: string;
  /** Opens the sealed file; of one that is not sealed only the SHA-256 is computed. Goes to the thread alone. */
  readonly fileKey: Uint8Array | undefined;
  /** For a file that is not sealed: a manifest, and the files that it gives hashes of. */
  readonly manifestOf?: { readonly path: string; readonly files: readonly FileFacts[] } | undefined;
}

export interface VerifyOutcome {
  readonly checks: readonly SealCheck[];
  readonly fileSha256: string | undefined;
  readonly tarSha256: string | undefined;
}

/** What the thread says. */
export type VerifyReport =
  | { readonly type: 'progress'; readonly phase: string; readonly done: number; readonly total: number }
  | ({ readonly type: 'done' } & VerifyOutcome)
  | { readonly type: 'failed'; readonly error: PackedError };

export interface VerifyRun {
  readonly signal: AbortSignal;
  progress(phase: string, done: number, total: number): void;
}

/**
 * Verifies in a thread of its own, so that whoever waits for it can go on answering keys. The signal ends the
 * thread at once.
 *
 * @throws InterruptedError when it was stopped; FileError when the file could not be read
 */
export function verifyInThread(job: VerifyJob, run: VerifyRun): Promise<VerifyOutcome> {
  return new Promise((resolve, reject) => {
    if (run.signal.aborted) {
      reject(new InterruptedError('stopped'));
      return;
    }
    const worker = new Worker(workerUrl(import.meta.url, './verify-worker.js'), { workerData: job });
    let finished = false;
    const finish = (settle: () => void): void => {
      // the end of the thread follows what it said last
      if (finished) return;
      finished = true;
      run.signal.removeEventListener('abort', stop);
      worker.terminate().then(settle, settle);
    };
    const stop = (): void => finish(() => reject(new InterruptedError('stopped')));
    run.signal.addEventListener('abort', stop, { once: true });
    worker.on('message', (report: VerifyReport) => {
      if (run.signal.aborted) return;
      if (report.type === 'progress') run.progress(report.phase, report.done, report.total);
      else if (report.type === 'done') finish(() => resolve(report));
      else finish(() => reject(unpackError(report.error)));
    });
    worker.on('error', (cause) => finish(() => reject(new FailedError('verifying failed', { cause }))));
    worker.on('exit', () => finish(() => reject(new FailedError('the verifying thread ended early'))));
  });
}
