import type { FileLockEntry } from '../criu/schema/files.js';
import { describeFile, type FileDescription } from './file-description.js';
import type { FileTable } from './file-table.js';
import type { Images } from './images.js';
import { groupBy } from './memo.js';
import type { Process } from './process-list.js';

/** An open file of a process. Text is untrusted. */
export interface FileDescriptor extends FileDescription {
  readonly pid: number;
  /** The number of the descriptor; `cwd` and `root` for the working and the root directory. */
  readonly fd: number | 'cwd' | 'root';
  /** CRIU's id of the open file: descriptors with the same id share position and flags (dup, fork). */
  readonly fileId: number;
  readonly closeOnExec: boolean;
  readonly locks: readonly string[];
  /** Who has the other end of a pipe. */
  readonly peers: readonly { readonly pid: number; readonly fd: number }[];
}

const FD_CLOEXEC = 1;
/** Most open files have no locks and no other ends. */
const NONE: readonly never[] = [];

/**
 * What an open file with its rows takes, in units of the images' budget. Tables of files are shared, so that a small
 * image can stand for any number of them.
 */
const DESCRIPTOR_COST = 20;

/** Where a file is open. */
interface Holder {
  readonly pid: number;
  readonly fd: number | 'cwd' | 'root';
  readonly fileId: number;
  readonly flags: number;
}

/** Every open file of every process, processes in the order given. */
export async function readDescriptors(
  images: Images,
  table: FileTable,
  processes: readonly Process[],
): Promise<readonly FileDescriptor[]> {
  const holders: Holder[] = [];
  for (const process of processes) {
    const open = await holdersOf(images, process);
    images.charge(
      DESCRIPTOR_COST * open.length,
      `the open files of process ${process.pid} and those before it`,
    );
    for (const holder of open) holders.push(holder);
  }
  const locks = groupBy(await images.entries('FILE_LOCKS', 'filelocks'), ({ pid, fd }) => `${pid} ${fd}`);
  const pipes = groupBy(
    holders.filter(({ fileId }) => pipeOf(table, fileId) !== undefined),
    ({ fileId }) => pipeOf(table, fileId),
  );
  const descriptions = new Map<number, FileDescription>();
  return holders.map((holder) => {
    const description = descriptions.get(holder.fileId) ?? describeFile(table, holder.fileId);
    descriptions.set(holder.fileId, description);
    return {
      ...description,
      pid: holder.pid,
      fd: holder.fd,
      fileId: holder.fileId,
      closeOnExec: (holder.flags & FD_CLOEXEC) !== 0,
      locks: locks.get(`${holder.pid} ${holder.fd}`)?.map(lockText) ?? NONE,
      peers: otherEnds(table, holder, pipes.get(pipeOf(table, holder.fileId)) ?? []),
    };
  });
}

async function holdersOf(images: Images, process: Process): Promise<readonly Holder[]> {
  if (process.state === 'zombie') return [];
  const { pid } = process;
  const ids = await process.ids();
  // fdinfo is one per shared table of files; before CRIU 1.0 it was one per process
  const table = ids === undefined ? [] : await images.entries('FDINFO', `fdinfo-${ids.files_id}`);
  const open = table.map(({ fd, id, flags }) => ({ pid, fd, fileId: id, flags }));
  const fs = await process.fs();
  if (fs === undefined) return open;
  return [
    ...open,
    { pid, fd: 'cwd', fileId: fs.cwd_id, flags: 0 },
    { pid, fd: 'root', fileId: fs.root_id, flags: 0 },
  ];
}

function pipeOf(table: FileTable, fileId: number): number | undefined {
  const file = table.files.get(fileId);
  return file?.pipe?.pipe_id ?? file?.fifo?.pipe_id;
}

/** At most this many other ends are named: a pipe that thousands of processes inherited needs no thousand names each. */
const MOST_PEERS = 16;

function otherEnds(
  table: FileTable,
  holder: Holder,
  sharers: readonly Holder[],
): readonly { pid: number; fd: number }[] {
  const mine = table.files.get(holder.fileId)?.pipe?.flags;
  if (mine === undefined) return NONE;
  const peers: { pid: number; fd: number }[] = [];
  for (const { pid, fd, fileId } of sharers) {
    const theirs = table.files.get(fileId)?.pipe?.flags;
    if (typeof fd !== 'number' || theirs === undefined || (theirs & 3) === (mine & 3)) continue;
    peers.push({ pid, fd });
    if (peers.length === MOST_PEERS) break;
  }
  return peers;
}

/** FL_* and the types of criu/include/file-lock.h. */
const LOCK_KINDS: Readonly<Record<number, string>> = { 1: 'POSIX', 2: 'FLOCK', 4: 'OFD', 8: 'LEASE' };

function lockText({ flag, type, start, len }: FileLockEntry): string {
  const kind = LOCK_KINDS[flag] ?? `lock ${flag}`;
  const mode = flag === 2 ? flockMode(type) : (['read', 'write', 'none'][type & 3] ?? `type ${type}`);
  const range =
    flag === 2 || (start === 0n && len === 0n) ? '' : ` from ${start}${len === 0n ? '' : `, ${len} bytes`}`;
  return `${kind} ${mode}${range}`;
}

function flockMode(type: number): string {
  if ((type & 32) !== 0) return 'mandatory';
  return (type & 1) !== 0 ? 'shared' : (type & 2) !== 0 ? 'exclusive' : 'none';
}
