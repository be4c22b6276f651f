import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ColdcaseError, FailedError } from '../../base/errors.js';
import { lockDirectory, takeLock } from '../../base/process-lock.js';
import { formatDuration } from '../../base/units.js';
import { HostRoot } from '../../node/host/root.js';
import type { CaptureJob, ContainerTarget } from './job.js';
import { nameOf } from './workload/words.js';

/**
 * Keeps two captures of one container from being made at once on this node, which would spoil both. The one that comes
 * second waits, and says so. Where no place for a lock can be had, it is said, and the capture goes on: the engines
 * refuse the second one themselves, at a price.
 *
 * @param patience - milliseconds
 * @returns gives the lock back
 * @throws FailedError when the other does not end in time; InterruptedError
 */
export async function lockContainer(
  job: CaptureJob,
  target: ContainerTarget,
  patience: number,
): Promise<() => Promise<void>> {
  const name = nameOf(target);
  const directory = await place(job);
  if (directory === undefined) {
    job.note(
      `${name}: no other capture of it can be kept away, for there is no place for a lock: do not start one`,
    );
    return async () => undefined;
  }
  const key = await keyOf(job, name);
  const lock = await takeLock(directory, key, {
    patience,
    signal: job.signal,
    onWait: ({ pid, since }) =>
      job.note(
        `${name}: another capture of it runs (PID ${pid}, for ${formatDuration(Date.now() - since.getTime())}): waiting for it to end`,
      ),
  });
  if ('release' in lock) return lock.release;
  const { pid, since } = lock.heldBy;
  throw new FailedError(
    `another capture of ${name} has been running for ${formatDuration(Date.now() - since.getTime())} (PID ${pid})`,
    { remedy: 'two at once spoil each other: wait for it, or end it' },
  );
}

/**
 * One name for a container of one kubelet, whichever way it is asked: kubelets that share a machine, or the lock's
 * directory, have checkpoint directories of their own. Hashed, for a name may be longer than a file's may be.
 */
async function keyOf({ checkpointDir }: CaptureJob, name: string): Promise<string> {
  const { dev, ino } = await stat(checkpointDir, { bigint: true });
  const hash = createHash('sha256').update(`${dev} ${ino} ${name}`).digest('hex');
  return `capture-${hash.slice(0, 32)}`;
}

/** /run below a host root; links in it lead nowhere else. */
async function runOf(hostRoot: string): Promise<string> {
  const run = await (await HostRoot.open(hostRoot)).real('/run');
  return run.ok ? run.value : join(hostRoot, 'run');
}

/** /run/coldcase of the node for root; for others a directory of their own, for nothing else is theirs alone. */
async function place({ hostRoot }: CaptureJob): Promise<string | undefined> {
  const uid = process.getuid?.() ?? 0;
  const own = process.env['XDG_RUNTIME_DIR'];
  const candidates =
    uid === 0
      ? [...new Set([join(await runOf(hostRoot), 'coldcase'), '/run/coldcase'])]
      : [...(own === undefined ? [] : [join(own, 'coldcase')]), join(tmpdir(), `coldcase-${uid}`)];
  for (const candidate of candidates) {
    try {
      return await lockDirectory(candidate);
    } catch (error) {
      if (!(error instanceof ColdcaseError)) throw error; // read-only, or somebody else's: the next
    }
  }
  return undefined;
}
