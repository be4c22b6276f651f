import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const BIN = fileURLToPath(new URL('../../bin/coldcase.js', import.meta.url));

/** User and group of nobody. */
export const NOBODY = { uid: 65534, gid: 65534 } as const;

/** Whether this is root, and could run coldcase as an ordinary user: the checkout may be root's alone. */
export const CAN_BE_NOBODY =
  process.getuid?.() === 0 &&
  spawnSync(process.execPath, ['-e', `fs.accessSync(${JSON.stringify(BIN)})`], NOBODY).status === 0;

export interface Finished {
  /** null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** What comes on standard input, through a pipe; without it there is none. */
  readonly input?: Uint8Array;
  /** Hears of the process as soon as it runs, to disturb it. */
  readonly started?: (child: ChildProcess) => void;
}

/** Runs the built command line beside whatever this process serves, and waits for its end. */
export function coldcase(words: readonly string[], options: RunOptions = {}): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, NO_COLOR: '1', ...options.env };
    const child = spawn(process.execPath, [BIN, ...words], {
      cwd: options.cwd,
      env,
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    child.stdin?.on('error', () => {}); // it may end without reading all
    child.stdin?.end(options.input);
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', reject);
    child.on('close', (code) =>
      resolve({ code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }),
    );
    options.started?.(child);
  });
}
