import { stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { containerPids } from '../freezer/containers.js';
import type { HostRoot } from '../host/root.js';
import { changedFiles } from './changed-files.js';
import { containerMemory, statusFields } from './container-memory.js';
import type { DumpLoad } from './dump-load.js';

/** What a running container holds, seen through /proc on its node. */
export interface ContainerFacts {
  readonly id: string;
  readonly pids: readonly number[];
  /** What a dump must write. */
  readonly load: DumpLoad;
  readonly swapped: number;
  /** TCP connections of which CRIU wants `tcp-established`: all states with a peer. */
  readonly establishedTcp: number;
  /** File locks; undefined when /proc/locks cannot be read. */
  readonly locks: number | undefined;
  /** Deleted files that are still open or mapped; size in bytes, undefined where it could not be read. */
  readonly deleted: readonly { readonly path: string; readonly size: number | undefined }[];
  readonly terminal: boolean;
  readonly devices: readonly string[];
  /** Descriptors that CRIU cannot dump: io_uring, perf events, BPF. */
  readonly undumpable: readonly string[];
  /** Namespaces shared with the host's first process; undefined when they may not be looked at. */
  readonly hostNamespaces: readonly string[] | undefined;
  readonly seccompMode: number | undefined;
  readonly appArmor: string | undefined;
  /** Whether every process let itself be looked into: without it, what was not found may be there all the same. */
  readonly complete: boolean;
  readonly problems: readonly string[];
}

const MAX_FDS = 65_536;
const PROC_SUPER_MAGIC = 0x9fa0;
const ORDINARY_DEVICES =
  /^\/dev\/(null|zero|full|random|urandom|tty|console|ptmx|pts\/.*|shm\/.*|mqueue\/.*|log|stdin|stdout|stderr)$/;
const UNDUMPABLE = /^anon_inode:\[?(io_uring|perf_event|bpf-(?!map)|userfaultfd|kvm|fscontext)/;
const NAMESPACES = ['net', 'pid', 'ipc', 'uts', 'user', 'mnt', 'cgroup'] as const;

/** The processes whose cgroup names the container, and everything of theirs that decides how a dump will go. */
export async function readContainer(host: HostRoot, id: string): Promise<ContainerFacts | undefined> {
  const pids = await containerPids(host, id);
  const [first] = pids;
  if (first === undefined) return undefined;
  const problems: string[] = [];
  const real = await isProcfs(host);
  const memory = await containerMemory(host, id, pids);
  const sockets = new Set<string>();
  const deleted = new Map<string, number | undefined>();
  const devices = new Set<string>();
  const undumpable = new Set<string>();
  let terminal = false;
  for (const pid of pids) {
    const fds = await host.list(`/proc/${pid}/fd`);
    if (!fds.ok) {
      problems.push(`/proc/${pid}/fd: ${fds.why}`);
      continue;
    }
    for (const fd of fds.value.slice(0, MAX_FDS)) {
      const link = await host.readLink(`/proc/${pid}/fd/${fd}`);
      if (!link.ok) continue;
      const target = link.value;
      const socket = /^socket:\[(\d+)\]$/.exec(target)?.[1];
      if (socket !== undefined) sockets.add(socket);
      if (Number(fd) < 3 && target.startsWith('/dev/pts/')) terminal = true;
      if (target.startsWith('/dev/') && !ORDINARY_DEVICES.test(target)) devices.add(target);
      if (UNDUMPABLE.test(target)) undumpable.add(target);
      if (isDeletedFile(target)) {
        deleted.set(target, real ? await sizeBehind(host, `/proc/${pid}/fd/${fd}`) : undefined);
      }
    }
    for (const path of await mappedFiles(host, pid)) {
      if (isDeletedFile(path) && !deleted.has(path)) deleted.set(path, undefined);
      if (path.startsWith('/dev/') && !ORDINARY_DEVICES.test(path) && !path.startsWith('/dev/zero')) {
        devices.add(path);
      }
    }
  }
  const status = await statusFields(host, first);
  const appArmor = await host.readText(`/proc/${first}/attr/current`, 4096);
  const mode = status.get('Seccomp');
  return {
    id,
    pids,
    load: { memory: memory.size, changed: await changedFiles(host, pids) },
    swapped: memory.swapped,
    establishedTcp: await established(host, first, sockets),
    locks: await countLocks(host, new Set(pids)),
    deleted: [...deleted].map(([path, size]) => ({ path: path.replace(/ \(deleted\)$/, ''), size })),
    terminal,
    devices: [...devices].sort(),
    undumpable: [...undumpable].sort(),
    hostNamespaces: await sharedNamespaces(host, first),
    seccompMode: mode === undefined ? undefined : Number(mode),
    appArmor: appArmor.ok ? appArmor.value.replaceAll('\0', '').trim() : undefined,
    complete: problems.length === 0,
    problems: problems.slice(0, 8),
  };
}

async function isProcfs(host: HostRoot): Promise<boolean> {
  const real = await host.real('/proc');
  return real.ok && (await statfs(real.value)).type === PROC_SUPER_MAGIC;
}

/** memfds, System V segments and /dev/zero look deleted too, and are dumped as memory. */
function isDeletedFile(target: string): boolean {
  return (
    target.endsWith(' (deleted)') &&
    target.startsWith('/') &&
    !/^\/(memfd:|SYSV|dev\/zero|\[aio\])/.test(target)
  );
}

/** The size of the file behind a descriptor; only asked where /proc is the kernel's own. */
async function sizeBehind(host: HostRoot, path: string): Promise<number | undefined> {
  try {
    return (await stat(join(host.directory, path))).size;
  } catch {
    return undefined; // the process or descriptor went away meanwhile
  }
}

async function mappedFiles(host: HostRoot, pid: number): Promise<readonly string[]> {
  const text = await host.readText(`/proc/${pid}/maps`, 16 << 20);
  if (!text.ok) return [];
  const paths = text.value.split('\n').map((line) => /^(?:\S+\s+){5}(\/.*)$/.exec(line)?.[1]);
  return [...new Set(paths.filter((path) => path !== undefined))];
}

/**
 * States of include/net/tcp_states.h that CRIU takes for connected (can_dump_inet_sk): ESTABLISHED, SYN_SENT,
 * FIN_WAIT1 and 2, CLOSE_WAIT, LAST_ACK, CLOSING. Listening sockets need nothing.
 */
const CONNECTED: ReadonlySet<string> = new Set(['01', '02', '04', '05', '08', '09', '0B']);

/** TCP connections whose socket one of the processes holds. */
async function established(host: HostRoot, pid: number, sockets: ReadonlySet<string>): Promise<number> {
  let count = 0;
  for (const table of ['tcp', 'tcp6']) {
    const text = await host.readText(`/proc/${pid}/net/${table}`, 16 << 20);
    for (const line of text.ok ? text.value.split('\n').slice(1) : []) {
      const words = line.trim().split(/\s+/);
      if (CONNECTED.has(words[3] ?? '') && sockets.has(words[9] ?? '')) count += 1;
    }
  }
  return count;
}

async function countLocks(host: HostRoot, pids: ReadonlySet<number>): Promise<number | undefined> {
  const text = await host.readText('/proc/locks', 16 << 20);
  if (!text.ok) return undefined;
  return text.value.split('\n').filter((line) => {
    const match = /^\d+:\s+(?:POSIX|FLOCK|OFDLCK|LEASE)\s+\S+\s+\S+\s+(\d+)\s/.exec(line);
    return match !== null && pids.has(Number(match[1]));
  }).length;
}

async function sharedNamespaces(host: HostRoot, pid: number): Promise<readonly string[] | undefined> {
  const shared: string[] = [];
  let compared = 0;
  for (const name of NAMESPACES) {
    const own = await host.readLink(`/proc/${pid}/ns/${name}`);
    const first = await host.readLink(`/proc/1/ns/${name}`);
    if (!own.ok || !first.ok) continue;
    compared += 1;
    if (own.value === first.value) shared.push(name);
  }
  return compared === 0 ? undefined : shared;
}
