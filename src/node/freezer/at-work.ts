import { posix } from 'node:path';
import { listPids, readArguments } from '../host/processes.js';
import type { HostRoot } from '../host/root.js';

const RUNTIMES = /^(runc|crun|youki|kata-runtime|runsc)(\.\w+)?$/;
const TRACERS = /^(criu|crun|runc)/;

/** containerd's content store, also where k3s and RKE2 keep it. */
const INGESTS = [
  '/var/lib/containerd/io.containerd.content.v1.content/ingest',
  '/var/lib/rancher/k3s/agent/containerd/io.containerd.content.v1.content/ingest',
  '/var/lib/rancher/rke2/agent/containerd/io.containerd.content.v1.content/ingest',
] as const;
const MOST_INGESTS = 1000;
/** A copy that has not grown for that long has nobody at work in it, in milliseconds. */
const FRESH = 3000;

/**
 * Whether somebody still makes a checkpoint of a container: an OCI runtime that runs `checkpoint` for its ID, CRIU,
 * which traces the processes that it dumps, or containerd, which keeps it frozen while it copies the images. To thaw
 * a container under them would let memory change while it is read.
 *
 * @param pids - the container's processes
 * @returns who, for people; undefined when nobody is seen
 */
export async function dumpAtWork(
  host: HostRoot,
  id: string,
  pids: readonly number[],
): Promise<string | undefined> {
  return (await dumping(host, id, pids)) ?? copying(host);
}

/** Who dumps this very container, a runtime or CRIU. */
export async function dumping(
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
  return tracerOf(host, pids);
}

/** The CRIU that traces one of these processes, from outside of the container; they stand still under it. */
export async function tracerOf(host: HostRoot, pids: readonly number[]): Promise<string | undefined> {
  const own = new Set(pids);
  for (const pid of pids) {
    const status = await host.readText(`/proc/${pid}/status`, 1 << 16);
    const tracer = Number(/^TracerPid:\s*(\d+)$/m.exec(status.ok ? status.value : '')?.[1] ?? 0);
    if (tracer === 0 || own.has(tracer)) continue;
    const comm = await host.readText(`/proc/${tracer}/comm`, 4096);
    if (comm.ok && TRACERS.test(comm.value)) return `${comm.value.trim()} (PID ${tracer})`;
  }
  return undefined;
}

/** Of any container, for an ingest names only the folder that it is copied from; it is over in a moment. */
async function copying(host: HostRoot): Promise<string | undefined> {
  for (const directory of INGESTS) {
    const names = await host.list(directory);
    for (const name of names.ok ? names.value.slice(0, MOST_INGESTS) : []) {
      const ref = await host.readText(posix.join(directory, name, 'ref'), 4096);
      if (!ref.ok || !ref.value.includes('ctrd-checkpoint')) continue;
      const data = await host.stat(posix.join(directory, name, 'data'));
      if (data.ok && Date.now() - data.value.mtime.getTime() < FRESH)
        return `containerd, which copies images (${name})`;
    }
  }
  return undefined;
}
