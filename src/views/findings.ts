import { setImmediate } from 'node:timers/promises';
import type { Archive, ArchiveEntry } from '../archive/archive.js';
import { openArchiveSource } from '../archive/open-source.js';
import { append } from '../base/append.js';
import { IntegrityError } from '../base/errors.js';
import { formatAddress, formatSize } from '../base/units.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { Process } from '../checkpoint/process-list.js';
import type { Socket } from '../checkpoint/sockets.js';
import type { View, ViewOptions } from './view.js';

export type FindingKind =
  | 'deleted-executable'
  | 'false-kernel-thread'
  | 'socket-as-stdio'
  | 'writable-executable'
  | 'setuid-file';

export type FindingsRow = {
  readonly kind: FindingKind;
  readonly pid: number | null;
  readonly comm: string | null;
  readonly fd: number | null;
  readonly address: string | null;
  readonly path: string | null;
  readonly text: string;
};

const WHAT: Readonly<Record<FindingKind, string>> = {
  'deleted-executable': 'deleted executable',
  'false-kernel-thread': 'poses as kernel thread',
  'socket-as-stdio': 'socket as stdio',
  'writable-executable': 'writable and executable',
  'setuid-file': 'setuid or setgid file',
};

/** What an investigator would look at first. None of it proves an intrusion; a normal container has hardly any. */
export const findingsView: View<FindingsRow> = {
  name: 'findings',
  summary: 'what stands out, to be looked at first',
  examples: ['coldcase findings evidence.tar.zst.age -i key.txt', 'coldcase findings checkpoint.tar --json'],
  columns: [
    {
      key: 'kind',
      header: 'FINDING',
      text: ({ kind }) => WHAT[kind],
      alert: () => true,
      about:
        'deleted-executable, false-kernel-thread, socket-as-stdio, writable-executable (an anonymous mapping) or setuid-file (in the changed root file system)',
    },
    { key: 'pid', header: 'PID', align: 'right', about: 'process id, where it is about a process' },
    { key: 'comm', header: 'COMM', squeeze: 2, about: 'what that process calls itself' },
    { key: 'text', header: 'WHAT', squeeze: 1, about: 'what was found, in words' },
    { key: 'fd', header: 'FD', wide: true, about: 'descriptor, of sockets' },
    { key: 'address', header: 'ADDRESS', wide: true, about: 'start, of mappings' },
    { key: 'path', header: 'PATH', wide: true, about: 'path, of files and executables' },
  ],
  async rows(checkpoint, options) {
    const processes = await checkpoint.select(options.pid);
    const rows: FindingsRow[] = [];
    const sockets = await stdioSockets(checkpoint);
    for (const [index, process] of processes.entries()) {
      // a checkpoint may hold thousands of processes: whoever waits for something else gets their turn
      if (index % 64 === 63) await setImmediate();
      append(rows, await executableFindings(checkpoint, process));
      append(rows, socketFindings(process, sockets.get(process.pid) ?? []));
      append(rows, await mappingFindings(checkpoint, process));
    }
    if (options.pid === undefined) append(rows, await setuidFindings(checkpoint.archive, options));
    return rows;
  },
};

/** Where the engines put the changed files. */
export const ROOTFS_DIFF = 'rootfs-diff.tar';
/** Names that the kernel gives its own threads; those have no executable and no memory. */
const KERNEL_THREAD = /^(kworker|ksoftirqd|kthreadd|migration|rcu_|kswapd|kdevtmpfs|jbd2|khugepaged|cpuhp)/;
const STDIO = [0, 1, 2] as const;

async function executableFindings(checkpoint: Checkpoint, process: Process): Promise<FindingsRow[]> {
  const exe = await checkpoint.executable(process);
  if (exe === undefined) return [];
  const rows: FindingsRow[] = [];
  const about = { ...nothing, pid: process.pid, comm: process.comm, path: exe.path };
  if (exe.deleted)
    rows.push({ ...about, kind: 'deleted-executable', text: `runs ${exe.path}, which was deleted` });
  if (KERNEL_THREAD.test(process.comm)) {
    const text = `calls itself ${process.comm} and runs ${exe.path}`;
    rows.push({ ...about, kind: 'false-kernel-thread', text });
  }
  return rows;
}

/** Sockets that are some process's standard input, output or error. */
async function stdioSockets(checkpoint: Checkpoint): Promise<ReadonlyMap<number, readonly Socket[]>> {
  const found = new Map<number, Socket[]>();
  for (const socket of await checkpoint.sockets()) {
    if (socket.pid === undefined || socket.fd === undefined || socket.fd > 2) continue;
    const own = found.get(socket.pid) ?? [];
    own.push(socket);
    found.set(socket.pid, own);
  }
  return found;
}

/** Internet sockets on all three are how a reverse shell talks; unix ones are how services are started. */
function socketFindings(process: Process, sockets: readonly Socket[]): FindingsRow[] {
  const [first] = sockets;
  const all = STDIO.every((fd) => sockets.some((socket) => socket.fd === fd && socket.protocol !== 'unix'));
  if (first === undefined || !all) return [];
  const ends = first.remote === undefined ? (first.local ?? '') : `${first.local ?? ''} to ${first.remote}`;
  const text = `stdin, stdout and stderr are ${first.protocol} ${first.state} ${ends}`;
  return [{ ...nothing, kind: 'socket-as-stdio', pid: process.pid, comm: process.comm, fd: 0, text }];
}

async function mappingFindings(checkpoint: Checkpoint, process: Process): Promise<FindingsRow[]> {
  const mappings = await checkpoint.mappings(process);
  return mappings
    .filter(({ perms }) => perms.includes('w') && perms.includes('x'))
    .map(({ start, end, perms, kind, path }) => ({
      ...nothing,
      kind: 'writable-executable',
      pid: process.pid,
      comm: process.comm,
      address: formatAddress(start),
      path: path ?? null,
      text: `${perms} at ${formatAddress(start)}, ${formatSize(end - start)}, ${path ?? kind}`,
    }));
}

async function setuidFindings(archive: Archive, options: ViewOptions): Promise<FindingsRow[]> {
  const entry = await archive.find(ROOTFS_DIFF);
  if (entry === undefined || entry.size === 0) return [];
  try {
    const changed = await openArchiveSource(archive.open(entry), ROOTFS_DIFF);
    return (await changed.entries()).filter(hasSetId).map((file) => ({
      ...nothing,
      kind: 'setuid-file',
      path: file.name,
      text: `/${file.name} is ${(file.mode & 0o4000) === 0 ? 'setgid' : 'setuid'}, owner ${file.uid}:${file.gid}`,
    }));
  } catch (error) {
    // the findings about processes are worth having without those about files
    if (!(error instanceof IntegrityError)) throw error;
    options.note?.(`the changed files could not be looked at: ${error.message}`);
    return [];
  }
}

function hasSetId({ type, mode }: ArchiveEntry): boolean {
  return type === 'file' && (mode & 0o6000) !== 0;
}

const nothing = { pid: null, comm: null, fd: null, address: null, path: null } as const;
