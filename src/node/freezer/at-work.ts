import { posix } from 'node:path';
import { isNodesOwn } from '../host/own-processes.js';
import { listPids, readArguments } from '../host/processes.js';
import type { HostRoot } from '../host/root.js';
import { containerPids } from './containers.js';
import { copying } from './copying.js';

const RUNTIMES = /^(runc|crun|youki|kata-runtime|runsc)(\.\w+)?$/;
const TRACERS = ['criu', 'crun', 'runc'] as const;

/**
 * Whether somebody still makes a checkpoint of a container: an OCI runtime that runs `checkpoint` for its ID, CRIU,
 * which traces the processes that it dumps, or the engine, which keeps it frozen while it copies or packs the images.
 * To thaw a container under them would let memory change while it is read.
 *
 * Only processes of the node's own are believed: any user, and the container itself, can start one that is called
 * `runc checkpoint ID`, and so keep the evidence from being taken.
 *
 * @returns who, for people; undefined when nobody is seen
 */
export async function dumpAtWork(host: HostRoot, id: string): Promise<string | undefined> {
  return (await dumping(host, id)) ?? copying(host, id);
}

/** Who dumps this very container, a runtime or CRIU. */
export async function dumping(host: HostRoot, id: string): Promise<string | undefined> {
  for (const pid of await listPids(host)) {
    const words = await readArguments(host, pid);
    const program = posix.basename(words?.[0] ?? '');
    const runtime = RUNTIMES.exec(program)?.[1];
    if (words === undefined || runtime === undefined) continue;
    if (!words.includes('checkpoint') || !words.includes(id)) continue;
    if (await isNodesOwn(host, pid, { programs: [runtime] })) return `${program} checkpoint (PID ${pid})`;
  }
  return tracerOf(host, await containerPids(host, id));
}

/** The CRIU that traces one of these processes; they stand still under it. A debugger of the container's own is none. */
export async function tracerOf(host: HostRoot, pids: readonly number[]): Promise<string | undefined> {
  for (const pid of pids) {
    const status = await host.readText(`/proc/${pid}/status`, 1 << 16);
    const tracer = Number(/^TracerPid:\s*(\d+)$/m.exec(status.ok ? status.value : '')?.[1] ?? 0);
    if (tracer === 0) continue;
    const comm = await host.readText(`/proc/${tracer}/comm`, 4096);
    const name = comm.ok ? comm.value.trim() : '';
    if (!TRACERS.some((one) => name.startsWith(one))) continue;
    if (await isNodesOwn(host, tracer, { programs: TRACERS, mounts: 'any' }))
      return `${name} (PID ${tracer})`;
  }
  return undefined;
}
