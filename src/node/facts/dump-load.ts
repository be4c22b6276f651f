import { formatSize } from '../../base/units.js';
import type { HostRoot } from '../host/root.js';
import { type ChangedFiles, changedFiles } from './changed-files.js';
import { containerMemory } from './container-memory.js';

/** What a checkpoint of a container has to write: that decides how long it takes, and stands still. */
export interface DumpLoad {
  /** Bytes. */
  readonly memory: number;
  readonly changed: ChangedFiles;
}

/**
 * @param id - of the container, as its cgroup has it
 * @param pids - its processes
 */
export async function dumpLoad(host: HostRoot, id: string, pids: readonly number[]): Promise<DumpLoad> {
  const { size: memory } = await containerMemory(host, id, pids);
  return { memory, changed: await changedFiles(host, pids) };
}

/** Bytes of it together. */
export function loadSize({ memory, changed }: DumpLoad): number {
  return memory + changed.size;
}

/** Below that, changed files make no difference that is worth a word: bytes, files. */
const FEW = { size: 1 << 20, files: 1000 } as const;

/** `2 GiB of memory and 300 MiB in 1,204 changed files` */
export function describeLoad({ memory, changed }: DumpLoad): string {
  const { size, files } = changed;
  const few = size < FEW.size && files < FEW.files;
  return `${formatSize(memory)} of memory${few ? '' : ` and ${formatSize(size)} in ${files} changed files`}`;
}
