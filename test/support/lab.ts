import { spawnSync } from 'node:child_process';

/**
 * The lab has CRIU, crit, checkpointctl, podman and gdb, and makes live checkpoints: `COLDCASE_LAB` is the path of
 * its script (`$COLDCASE_LAB run CMD...`, `$COLDCASE_LAB checkpoint OUT.tar [ENV=V...]`). It needs root.
 */
const LAB = process.env['COLDCASE_LAB'] ?? '';

/** Tests that need the lab are skipped where it is not, and their titles say so. */
export const hasLab = LAB !== '' && process.getuid?.() === 0;
export const labTitle = hasLab ? 'in the lab' : 'in the lab (skipped: needs root, and COLDCASE_LAB)';

/** Runs a command inside the lab, and answers what it prints. */
export function labRun(command: readonly string[], input: string | Uint8Array = ''): Buffer {
  return run(['run', ...command], input);
}

/** Makes a live checkpoint of the lab's `incident` workload, at `path`. */
export function labCheckpoint(path: string, ...environment: readonly string[]): void {
  run(['checkpoint', path, ...environment], '');
}

function run(words: readonly string[], input: string | Uint8Array): Buffer {
  const { status, stdout, stderr, error } = spawnSync(LAB, words, { input, maxBuffer: 1 << 30 });
  if (error !== undefined) throw error;
  if (status !== 0)
    throw new Error(`lab ${words.join(' ').slice(0, 200)}: exit ${status}: ${stderr.toString()}`);
  return stdout;
}
