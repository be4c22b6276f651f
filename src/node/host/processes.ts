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
