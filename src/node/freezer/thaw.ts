import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { errorCode } from '../../base/file-errors.js';
import type { HostRoot } from '../host/root.js';
import { type FreezerState, freezerState } from './state.js';
import { shownCommand, type ThawCommand } from './thaw-commands.js';

/** What became of one command. */
export interface ThawAttempt {
  readonly command: string;
  /** Whether it ended without an error, whatever the freezer says afterwards. */
  readonly done: boolean;
  /** What it said, or why it was not run; untrusted text. */
  readonly said: string;
}

export interface ThawResult {
  readonly attempts: readonly ThawAttempt[];
  /** What the freezer says at the end: commands are not believed. */
  readonly state: FreezerState;
}

/** Runs a program without a shell; tests have one of their own. */
export type RunProgram = (
  program: string,
  args: readonly string[],
) => Promise<{ done: boolean; said: string }>;

/** How long one command may take, and how long its effect is waited for, in milliseconds. */
const LIMIT = 20_000;
const SETTLE = 5000;
const PAUSE = 50;
const SAFE_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Runs one command after the other until the freezer says that the container runs. Only on this machine, for the
 * programs of another root are not to be run.
 */
export async function thaw(
  host: HostRoot,
  id: string,
  commands: readonly ThawCommand[],
  { run = runProgram, settle = SETTLE }: { readonly run?: RunProgram; readonly settle?: number } = {},
): Promise<ThawResult> {
  const attempts: ThawAttempt[] = [];
  let state = await freezerState(host, id);
  for (const command of commands) {
    if (state.state !== 'frozen') break;
    const { done, said } = await attempt(host, command, run);
    attempts.push({ command: shownCommand(command), done, said });
    for (const until = performance.now() + (done ? settle : 0); ; await wait(PAUSE)) {
      state = await freezerState(host, id);
      if (state.state !== 'frozen' || performance.now() >= until) break;
    }
  }
  return { attempts, state };
}

async function attempt(
  host: HostRoot,
  command: ThawCommand,
  run: RunProgram,
): Promise<{ done: boolean; said: string }> {
  if (command.kind === 'run') {
    if (command.obstacle !== undefined) return { done: false, said: command.obstacle };
    return run(command.program, command.args);
  }
  const real = await host.real(command.path);
  if (!real.ok) return { done: false, said: real.why };
  try {
    const file = await open(real.value, constants.O_WRONLY | constants.O_NOFOLLOW);
    try {
      await file.writeFile(command.text);
    } finally {
      await file.close();
    }
    return { done: true, said: '' };
  } catch (error) {
    return { done: false, said: errorCode(error) ?? String(error) };
  }
}

function runProgram(program: string, args: readonly string[]): Promise<{ done: boolean; said: string }> {
  return new Promise((resolve) => {
    const options = {
      timeout: LIMIT,
      killSignal: 'SIGKILL',
      maxBuffer: 64 << 10,
      cwd: '/',
      env: { PATH: SAFE_PATH },
    } as const;
    execFile(program, [...args], options, (error, stdout, stderr) => {
      const said = `${stderr}${stdout}`.trim().slice(0, 500);
      if (error === null) resolve({ done: true, said });
      else if (error.killed) resolve({ done: false, said: `no end within ${LIMIT / 1000} s` });
      else resolve({ done: false, said: said || error.message });
    });
  });
}
