import type { Archive } from '../archive/archive.js';
import { FormatError } from '../base/errors.js';
import { MemoryImages, type ProcessMemory } from '../criu/memory.js';

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
