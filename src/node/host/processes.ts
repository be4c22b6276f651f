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
  for await (const found of processesNamed(host, names)) return found;
  return undefined;
}

/** As `findProcess`, every one of them, the oldest first. */
export async function* processesNamed(
  host: HostRoot,
  names: ReadonlySet<string>,
): AsyncGenerator<HostProcess> {
  for (const pid of await listPids(host)) {
    const comm = await host.readText(`/proc/${pid}/comm`, 4096);
    const short = comm.ok ? comm.value.trim() : '';
    if (!names.has(short) && short !== 'hyperkube') continue;
    if (await isContained(host, pid)) continue;
    const words = await readArguments(host, pid);
    const program = posix.basename(words?.[0] ?? '');
    if (words === undefined) yield { pid, name: short, arguments: [] };
    else if (program === 'hyperkube' && names.has(words[1] ?? '')) {
      yield { pid, name: words[1] ?? '', arguments: words.slice(1) };
    } else if (names.has(program) || names.has(short)) {
      yield { pid, name: names.has(program) ? program : short, arguments: words };
    }
  }
}

/** A variable of the environment that a process was started with; undefined when not set, or not ours to read. */
export async function startVariable(host: HostRoot, pid: number, name: string): Promise<string | undefined> {
  const found = await host.readText(`/proc/${pid}/environ`, MAX_ARGUMENTS);
  if (!found.ok) return undefined;
  const line = found.value.split('\0').find((one) => one.startsWith(`${name}=`));
  return line?.slice(name.length + 1);
}

/** Ticks a second of the times in /proc/PID/stat: USER_HZ, which is 100 on every Linux that Node runs on. */
const USER_HZ = 100;

/** When a process was started, from its ticks since boot (proc(5), field 22) and the time of the boot. */
export async function startTime(host: HostRoot, pid: number): Promise<Date | undefined> {
  const [own, machine] = [
    await host.readText(`/proc/${pid}/stat`, 1 << 16),
    await host.readText('/proc/stat', 4 << 20),
  ];
  if (!own.ok || !machine.ok) return undefined;
  // the program's name stands in parentheses, and may hold anything
  const fields = own.value.slice(own.value.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[19]);
  const boot = Number(/^btime (\d+)$/m.exec(machine.value)?.[1] ?? Number.NaN);
  const seconds = boot + ticks / USER_HZ;
  return Number.isFinite(seconds) ? new Date(seconds * 1000) : undefined;
}

/** Whether a process is known to be in another PID namespace than the host's first process. */
async function isContained(host: HostRoot, pid: number): Promise<boolean> {
  const own = await host.readLink(`/proc/${pid}/ns/pid`);
  const first = await host.readLink('/proc/1/ns/pid');
  return own.ok && first.ok && own.value !== first.value;
}
