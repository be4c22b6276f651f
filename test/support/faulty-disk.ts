import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BIN } from './coldcase.js';
import type { Ran } from './small-disk.js';

const SOURCE = fileURLToPath(new URL('./faulty-disk.c', import.meta.url));

/** What fails, from which offset on, and with which number of errno(3). */
export interface Fault {
  readonly call: 'read' | 'write';
  /** A part of the path of the file, or the number of a descriptor. */
  readonly path: string;
  readonly from: number;
  /** Where it is well again. */
  readonly to?: number;
  readonly errno: number;
}

export interface FaultyDisk {
  /** Runs the built command line, with the real libuv and libc, on a disk that fails. */
  run(
    fault: Fault,
    words: readonly string[],
    stdio?: { stdin?: string; stdout?: string; input?: Uint8Array },
  ): Ran;
  remove(): void;
}

/** Compiles what stands between libuv and the C library; undefined where there is no compiler, or nothing is preloaded. */
export function faultyDisk(): FaultyDisk | undefined {
  if (process.platform !== 'linux') return undefined;
  const root = mkdtempSync(join(tmpdir(), 'coldcase-faulty-'));
  const library = join(root, 'faulty-disk.so');
  const remove = (): void => rmSync(root, { recursive: true, force: true });
  const made = spawnSync('cc', ['-shared', '-fPIC', '-o', library, SOURCE, '-ldl']);
  const env = { ...process.env, NO_COLOR: '1', LD_PRELOAD: library };
  const starts =
    made.status === 0 && spawnSync(process.execPath, ['-e', ''], { env, encoding: 'utf8' }).stderr === '';
  if (!starts) {
    remove();
    return undefined;
  }
  return {
    run: ({ call, path, from, to, errno }, words, { stdin, stdout, input } = {}) => {
      const files = [stdin, stdout].map((file, fd) => file && openSync(file, fd === 0 ? 'r' : 'w'));
      const [from0, to1] = files;
      const faults = { FAULT_CALL: call, FAULT_PATH: path, FAULT_FROM: `${from}`, FAULT_ERRNO: `${errno}` };
      const until = to === undefined ? {} : { FAULT_TO: `${to}` };
      const ran = spawnSync(process.execPath, [BIN, ...words], {
        env: { ...env, ...faults, ...until },
        encoding: 'utf8',
        maxBuffer: 1 << 28,
        ...(input === undefined ? {} : { input }),
        stdio: [typeof from0 === 'number' ? from0 : 'pipe', typeof to1 === 'number' ? to1 : 'pipe', 'pipe'],
      });
      for (const fd of files) if (typeof fd === 'number') closeSync(fd);
      return { status: ran.status, stdout: ran.stdout ?? '', stderr: ran.stderr };
    },
    remove,
  };
}
