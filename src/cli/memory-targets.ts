import type { Archive } from '../archive/archive.js';
import { FormatError } from '../base/errors.js';
import { formatSize } from '../base/units.js';
import { MemoryImages, type ProcessMemory } from '../criu/memory.js';
import { summarize } from '../memory/summary.js';

/** A process whose memory a command works on. */
export interface MemoryTarget extends ProcessMemory {
  readonly comm: string;
}

/**
 * The process memories that a command works on: one, or all in the order of the process tree.
 *
 * @throws NotFoundError when there is no such process, or it has no memory
 */
export async function memoryTargets(archive: Archive, pid: number | undefined): Promise<MemoryTarget[]> {
  const images = new MemoryImages(archive);
  if (pid !== undefined) {
    const memory = await images.process(pid);
    return [{ ...memory, comm: (await images.core(pid))?.tc?.comm ?? '' }];
  }
  const targets: MemoryTarget[] = [];
  for (const { pid: each, comm } of await images.processes()) {
    targets.push({ ...(await images.process(each)), comm });
  }
  if (targets.length === 0)
    throw new FormatError(archive.location, undefined, 'no process memory in the archive');
  return targets;
}

/**
 * Says on standard error how much of the memory that was dumped is not in the archive: finding nothing in a copy
 * without memory says nothing about the container.
 */
export function noteLost(targets: readonly MemoryTarget[]): void {
  const lost = targets.reduce((sum, { space }) => sum + summarize(space).missing, 0);
  if (lost === 0) return;
  process.stderr.write(
    `coldcase: ${formatSize(lost)} of the memory is not in this archive (MISSING in memory list), and was not searched\n`,
  );
}
