import { posix } from 'node:path';
import { listPids, readArguments } from '../host/processes.js';
import type { HostRoot } from '../host/root.js';

const RUNTIMES = /^(runc|crun|youki|kata-runtime|runsc)(\.\w+)?$/;
const TRACERS = /^(criu|crun|runc)/;

/**
 * Whether somebody still writes a checkpoint of a container: an OCI runtime that runs `checkpoint` for its ID, or CRIU,
 * which traces the processes that it dumps. To thaw a container under it would let memory change while it is read.
 *
 * @param pids - the container's processes
 * @returns who, for people; undefined when nobody is seen
 */
export async function dumpAtWork(
  host: HostRoot,
  id: string,
  pids: readonly number[],
): Promise<string | undefined> {
  const own = new Set(pids);
  for (const pid of await listPids(host)) {
    if (own.has(pid)) continue;
    const words = await readArguments(host, pid);
    const program = posix.basename(words?.[0] ?? '');
    if (words === undefined || !RUNTIMES.test(program)) continue;
    if (words.includes('checkpoint') && words.includes(id)) return `${program} checkpoint (PID ${pid})`;
  }
  for (const pid of pids) {
    const status = await host.readText(`/proc/${pid}/status`, 1 << 16);
    const tracer = Number(/^TracerPid:\s*(\d+)$/m.exec(status.ok ? status.value : '')?.[1] ?? 0);
    if (tracer === 0 || own.has(tracer)) continue;
    const comm = await host.readText(`/proc/${tracer}/comm`, 4096);
    if (comm.ok && TRACERS.test(comm.value)) return `${comm.value.trim()} (PID ${tracer})`;
  }
  return undefined;
}
