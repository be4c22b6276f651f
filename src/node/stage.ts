import { execFile } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import { DeniedError, FailedError, NotFoundError, UnsafeError, UsageError } from '../base/errors.js';
import { formatSize } from '../base/units.js';
import { loadKubeletConfig } from './config/kubelet.js';
import { atLeast, readKernel } from './facts/kernel.js';
import { availableMemory } from './facts/memory.js';
import { type MountFact, parseMountInfo, readMounts } from './facts/mounts.js';
import { readSwaps } from './facts/swap.js';
import type { HostRoot } from './host/root.js';

/** The tmpfs's source, by which it is known again. */
export const STAGE_SOURCE = 'coldcase-stage';

/** What staging would do, decided before anybody is asked. */
export interface StagePlan {
  readonly directory: string;
  readonly size: number;
  readonly options: string;
  /** What remains unsafe about it, one line each. */
  readonly warnings: readonly string[];
}

/**
 * Plans a tmpfs over the checkpoint directory. Refuses what would hide archives or not fit into memory.
 *
 * @param size - in bytes; half of the available memory when undefined
 */
export async function planStage(
  host: HostRoot,
  directory: string,
  size: number | undefined,
): Promise<StagePlan> {
  requireRoot(host);
  const mounts = await mountsOf(host);
  if (stageAt(mounts, directory) !== undefined) throw new UnsafeError(`${directory} is staged already`);
  const facts = await host.stat(directory, { follow: false });
  if (facts.ok && facts.value.kind !== 'directory') {
    throw new UnsafeError(`${directory} is a ${facts.value.kind}, not a directory`);
  }
  const names = await host.list(directory);
  if (names.ok && names.value.length > 0) {
    throw new UnsafeError(`${directory} holds ${names.value.length} files, which a mount would hide`, {
      remedy: 'coldcase node checkpoints --seal -r RECIPIENT, then --prune, then stage',
    });
  }
  const available = await availableMemory(host);
  if (available === undefined) {
    throw new FailedError('/proc/meminfo does not tell how much memory is available');
  }
  const wanted = size ?? Math.floor(available / 2);
  if (wanted > available) {
    throw new UnsafeError(
      `${formatSize(wanted)} do not fit into ${formatSize(available)} of available memory`,
      {
        remedy: 'give a smaller --stage-size; writing stops at it, and the node stays alive',
      },
    );
  }
  const kernel = await readKernel(host);
  const noswap = atLeast(kernel.release, '6.3') === true;
  const swaps = await readSwaps(host, mounts);
  const plain =
    swaps.ok && swaps.value.some(({ protection }) => protection === 'none' || protection === 'unknown');
  const warnings =
    noswap || !plain
      ? []
      : [
          `before kernel 6.3 a tmpfs may be swapped out, and swap is on and not known to be encrypted: swapoff -a first`,
        ];
  const options = [
    `size=${wanted}`,
    'mode=0700',
    'uid=0',
    'gid=0',
    'nosuid',
    'nodev',
    'noexec',
    ...(noswap ? ['noswap'] : []),
  ];
  return { directory, size: wanted, options: options.join(','), warnings };
}

/** Mounts it; returns what a reader should know, such as a kubelet that does not see the mount. */
export async function stage(host: HostRoot, plan: StagePlan): Promise<readonly string[]> {
  await mkdir(plan.directory, { recursive: true, mode: 0o700 });
  await runTool('mount', ['-t', 'tmpfs', '-o', plan.options, STAGE_SOURCE, plan.directory]);
  if (stageAt(await mountsOf(host), plan.directory) === undefined) {
    throw new FailedError(`${plan.directory} was mounted, but is not to be seen among the mounts`);
  }
  return seenByKubelet(host, plan.directory);
}

/** Takes the tmpfs away. @throws UnsafeError when it holds anything, NotFoundError when there is none */
export async function unstage(host: HostRoot, directory: string): Promise<void> {
  requireRoot(host);
  if (stageAt(await mountsOf(host), directory) === undefined) {
    throw new NotFoundError(`${directory} is not staged`, {
      remedy: 'only what --stage mounted is taken away',
    });
  }
  const names = await readdir(directory);
  if (names.length > 0) {
    throw new UnsafeError(`${directory} still holds ${names.length} files, which would be lost`, {
      remedy: 'coldcase node checkpoints --seal -r RECIPIENT, then --prune, then --unstage',
    });
  }
  await runTool('umount', [directory]);
}

function requireRoot(host: HostRoot): void {
  if (!host.isThisMachine) {
    throw new UsageError('staging works on this machine only, not below --host-root', {
      remedy: 'in a privileged pod with hostPID: nsenter -t 1 -m -- coldcase doctor --stage tmpfs',
    });
  }
  if (process.getuid?.() !== 0) throw new DeniedError('mounting needs root', { remedy: 'run it as root' });
}

async function mountsOf(host: HostRoot): Promise<readonly MountFact[]> {
  const mounts = await readMounts(host);
  if (!mounts.ok) throw new FailedError(`the mounts cannot be read: ${mounts.why}`);
  return mounts.value;
}

function stageAt(mounts: readonly MountFact[], directory: string): MountFact | undefined {
  return mounts.findLast(
    ({ point, source, type }) => point === directory && source === STAGE_SOURCE && type === 'tmpfs',
  );
}

/** A kubelet or runtime in a mount namespace of its own does not see a new mount unless it is propagated. */
async function seenByKubelet(host: HostRoot, directory: string): Promise<readonly string[]> {
  const { start } = await loadKubeletConfig(host);
  if (start.process === undefined) return [];
  const text = await host.readText(`/proc/${start.process.pid}/mountinfo`, 16 << 20);
  if (!text.ok) return [`whether the kubelet sees the mount is not known: ${text.why}`];
  if (stageAt(parseMountInfo(text.value), directory) !== undefined) return [];
  return [
    `the kubelet (PID ${start.process.pid}) does not see the mount: it has its own mounts; nsenter -t ${start.process.pid} -m`,
  ];
}

async function runTool(program: string, words: readonly string[]): Promise<void> {
  try {
    await promisify(execFile)(program, [...words], {
      timeout: 30_000,
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
    });
  } catch (error) {
    const said =
      error instanceof Error && 'stderr' in error ? String(error.stderr).trim().split('\n')[0] : '';
    throw new FailedError(`${program} failed: ${said || 'it could not be run'}`, { cause: error });
  }
}
