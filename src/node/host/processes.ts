import { posix } from 'node:path';
import type { HostRoot } from './root.js';

/** A process found under the host root's /proc. */
export interface HostProcess {
  readonly pid: number;
  readonly name: string;
  readonly arguments: readonly string[];
}

const MAX_ARGUMENTS = 1 << 20;

/** The process numbers under /proc, ascending; empty when there is no /proc. */
export async function listPids(host: HostRoot): Promise<readonly number[]> {
  const names = await host.list('/proc');
  if (!names.ok) return [];
  return names.value
    .filter((name) => /^[1-9][0-9]{0,9}$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

/** The arguments of a process; undefined when it is gone, a kernel thread, or not ours to read. */
export async function readArguments(host: HostRoot, pid: number): Promise<readonly string[] | undefined> {
  const found = await host.readText(`/proc/${pid}/cmdline`, MAX_ARGUMENTS);
  if (!found.ok || found.value === '') return undefined;
  return found.value.replace(/\0$/, '').split('\0');
}

/**
 * The oldest process whose program has one of these names, such as `kubelet`. A process in a PID namespace of its own
 * is in a container, and may call itself what it likes: it is passed over.
 */
export async function findProcess(
  host: HostRoot,
  names: ReadonlySet<string>,
): Promise<HostProcess | undefined> {
  for (const pid of await listPids(host)) {
    const comm = await host.readText(`/proc/${pid}/comm`, 4096);
    const short = comm.ok ? comm.value.trim() : '';
    if (!names.has(short) && short !== 'hyperkube') continue;
    if (await isContained(host, pid)) continue;
    const words = await readArguments(host, pid);
    const program = posix.basename(words?.[0] ?? '');
    if (words === undefined) return { pid, name: short, arguments: [] };
    if (program === 'hyperkube' && names.has(words[1] ?? '')) {
      return { pid, name: words[1] ?? '', arguments: words.slice(1) };
    }
    if (names.has(program) || names.has(short)) {
      return { pid, name: names.has(program) ? program : short, arguments: words };
    }
  }
  return undefined;
}

/** Whether a process is known to be in another PID namespace than the host's first process. */
async function isContained(host: HostRoot, pid: number): Promise<boolean> {
  const own = await host.readLink(`/proc/${pid}/ns/pid`);
  const first = await host.readLink('/proc/1/ns/pid');
  return own.ok && first.ok && own.value !== first.value;
}
