import { posix } from 'node:path';
import { findOwnProcess } from '../host/own-processes.js';
import { startVariable } from '../host/processes.js';
import type { HostRoot } from '../host/root.js';
import { whoElseWrites } from '../host/root-only.js';
import type { RuntimeKind } from './runtime-settings.js';

/** A default of systemd's services, and of most daemons without a PATH of their own. */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** A program on the node. */
export interface Program {
  /** Inside the root. */
  readonly path: string;
  /** Why it is not to be run: who else could have put it there. */
  readonly obstacle: string | undefined;
}

/** The PATH in which a runtime looks for programs: that of its process, if it is the node's own, else systemd's default. */
export async function runtimePath(
  host: HostRoot,
  kind: RuntimeKind,
): Promise<{ readonly directories: readonly string[]; readonly from: string }> {
  const names = kind === 'cri-o' ? ['crio'] : kind === 'cri-dockerd' ? ['dockerd'] : ['containerd'];
  const process = await findOwnProcess(host, new Set(names));
  const path = process === undefined ? undefined : await startVariable(host, process.pid, 'PATH');
  if (process !== undefined && path !== undefined) {
    return { directories: path.split(':'), from: `the PATH of ${process.name} (PID ${process.pid})` };
  }
  return { directories: DEFAULT_PATH.split(':'), from: "systemd's default PATH" };
}

/** The first program of that name in those directories. */
export async function findProgram(
  host: HostRoot,
  name: string,
  directories: readonly string[],
): Promise<Program | undefined> {
  for await (const program of programsCalled(host, name, directories)) return program;
  return undefined;
}

/** The first one that may be run; failing that, the first one. */
export async function findSafeProgram(
  host: HostRoot,
  name: string,
  directories: readonly string[],
): Promise<Program | undefined> {
  let first: Program | undefined;
  for await (const program of programsCalled(host, name, directories)) {
    if (program.obstacle === undefined) return program;
    first ??= program;
  }
  return first;
}

async function* programsCalled(
  host: HostRoot,
  name: string,
  directories: readonly string[],
): AsyncGenerator<Program> {
  const paths = name.includes('/') ? [name] : directories.map((directory) => posix.join(directory, name));
  for (const path of paths) {
    const facts = path.startsWith('/') ? await host.stat(path) : undefined;
    if (facts?.ok !== true || facts.value.kind !== 'file' || (facts.value.mode & 0o111) === 0) continue;
    yield { path, obstacle: await whoElseWrites(host, path) };
  }
}
