import { posix } from 'node:path';
import { cgroupsOf, namedCgroup, outerContainers } from './cgroup-names.js';
import { type HostProcess, listPids, readArguments } from './processes.js';
import type { HostRoot } from './root.js';
import { whoElseWrites } from './root-only.js';

/** Programs that are several in one, and run as another by the name that they are called by. */
const MANY_IN_ONE = ['hyperkube', 'k3s'] as const;

export interface OwnOptions {
  /** Names that the program's file may have, as it is or with a version behind. */
  readonly programs: readonly string[];
  /** `any`: it may be in other mounts than the node's, as CRIU is while it looks at those of a container. */
  readonly mounts?: 'the node' | 'any';
}

/**
 * Whether a process is the node's own, and may be believed to be what it calls itself. Name and arguments are anybody's
 * to choose, those of a container's process and of any user's. So it must be root's (all four user IDs), in the node's
 * PID and mount namespaces, in no container's cgroup, and run a file of that name that only root can put there: a
 * program with the set-user-ID bit, started by another name, is root's as well.
 *
 * What the kernel does not show to this user (the namespaces and the file, to others than root) is not held against
 * it: then nothing is run or removed on its word either.
 */
export async function isNodesOwn(host: HostRoot, pid: number, options: OwnOptions): Promise<boolean> {
  return (
    (await isRoots(host, pid)) &&
    (options.mounts === 'any' || (await sharesNamespace(host, pid, 'mnt'))) &&
    (await runsProgram(host, pid, options.programs))
  );
}

/**
 * Whether a process is root's, in the PID namespace of the node and in no container, whatever it runs: for those who
 * rather wait for one too many.
 */
export async function isRoots(host: HostRoot, pid: number): Promise<boolean> {
  const status = await host.readText(`/proc/${pid}/status`, 1 << 16);
  if (!status.ok || !/^Uid:\s+0\s+0\s+0\s+0$/m.test(status.value)) return false;
  if (!(await sharesNamespace(host, pid, 'pid'))) return false;
  const outer = await outerContainers(host);
  return (await cgroupsOf(host, pid)).every(({ path }) => namedCgroup(path, outer) === undefined);
}

/**
 * The node's namespaces are those of its first process, of the one whose root it is, and, for the machine that we run
 * on, our own.
 */
async function sharesNamespace(host: HostRoot, pid: number, kind: 'pid' | 'mnt'): Promise<boolean> {
  const own = await host.readLink(`/proc/${pid}/ns/${kind}`);
  if (!own.ok) return own.reason === 'denied';
  const nodes = ['1', ...(host.process === undefined ? [] : [String(host.process)])];
  let seen = false;
  for (const node of [...nodes, ...(host.isThisMachine ? ['self'] : [])]) {
    const link = await host.readLink(`/proc/${node}/ns/${kind}`);
    if (link.ok && link.value === own.value) return true;
    seen ||= link.ok || link.reason !== 'denied';
  }
  return !seen;
}

async function runsProgram(host: HostRoot, pid: number, names: readonly string[]): Promise<boolean> {
  const link = await host.readLink(`/proc/${pid}/exe`);
  if (!link.ok) return link.reason === 'denied';
  // an OCI runtime copies itself into memory, so that no container can write to its file
  const inMemory = /^\/memfd:([^:/ ]+)/.exec(link.value)?.[1];
  if (inMemory !== undefined) return isCalled(inMemory, names);
  const path = await insideRoot(host, link.value.replace(/ \(deleted\)$/, ''));
  if (!isCalled(posix.basename(path), [...names, ...MANY_IN_ONE])) return false;
  // one that was replaced while it runs is judged by where it was
  const replaced = link.value.endsWith(' (deleted)') && !(await host.exists(path));
  return (await whoElseWrites(host, replaced ? posix.dirname(path) : path)) === undefined;
}

/** The file of a process in a chroot is told with the way to that root. */
async function insideRoot(host: HostRoot, path: string): Promise<string> {
  if (host.process === undefined) return path;
  const root = await host.readLink(`/proc/${host.process}/root`);
  const above = root.ok && root.value !== '/' ? `${root.value}/` : undefined;
  return above !== undefined && path.startsWith(above) ? path.slice(above.length - 1) : path;
}

/** `runc`, `runc-1.3`, `.runc-wrapped`. */
function isCalled(file: string, names: readonly string[]): boolean {
  const name = file.replace(/^\./, '');
  return names.some((one) => name === one || (name.startsWith(one) && /^[-._]/.test(name.slice(one.length))));
}

/** The oldest process of the node's own whose program has one of these names, such as `kubelet`. */
export async function findOwnProcess(
  host: HostRoot,
  names: ReadonlySet<string>,
): Promise<HostProcess | undefined> {
  for await (const found of ownProcesses(host, names)) return found;
  return undefined;
}

/** As `findOwnProcess`, every one of them, the oldest first. */
export async function* ownProcesses(host: HostRoot, names: ReadonlySet<string>): AsyncGenerator<HostProcess> {
  for (const pid of await listPids(host)) {
    const comm = await host.readText(`/proc/${pid}/comm`, 4096);
    const short = comm.ok ? comm.value.trim() : '';
    if (!names.has(short) && short !== 'hyperkube') continue;
    if (!(await isNodesOwn(host, pid, { programs: [...names] }))) continue;
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
