import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BIN } from './coldcase.js';

/** Whether a file system of a chosen size can be mounted here. */
export const MOUNTABLE =
  process.getuid?.() === 0 &&
  spawnSync('sh', ['-c', 'd=$(mktemp -d) && mount -t tmpfs none $d && umount $d && rmdir $d']).status === 0;

/** Lets `work` have an empty directory: on a file system of its own of that many KiB, or, without, on any. */
export async function withDirectory<T>(
  kib: number | undefined,
  work: (path: string) => T,
): Promise<Awaited<T>> {
  const root = mkdtempSync(join(tmpdir(), 'coldcase-small-'));
  const path = join(root, 'disk');
  mkdirSync(path);
  if (kib !== undefined) execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kib}k`, 'none', path]);
  try {
    return await work(path);
  } finally {
    if (kib !== undefined) execFileSync('umount', [path]);
    rmSync(root, { recursive: true });
  }
}

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command line, behind shell commands such as `ulimit`. */
export function runLimited(
  limits: string,
  words: readonly string[],
  input?: Uint8Array,
  user: { readonly uid?: number; readonly gid?: number } = {},
): Ran {
  const line = `${limits} exec "$@"`;
  const { status, stdout, stderr } = spawnSync('sh', ['-c', line, 'sh', process.execPath, BIN, ...words], {
    ...user,
    env: { ...process.env, NO_COLOR: '1' },
    encoding: 'utf8',
    input: input ?? '',
    maxBuffer: 1 << 28,
  });
  return { status, stdout, stderr };
}
