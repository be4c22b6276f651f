import type { FileEntry } from '../criu/schema/fdinfo.js';
import type { FileDescriptor } from './descriptors.js';
import type { FileTable } from './file-table.js';
import type { Images } from './images.js';
import { groupBy } from './memo.js';
import { type SocketFacts, socketFacts } from './socket-facts.js';

/** An open socket of a process. Text is untrusted. */
export interface Socket extends SocketFacts {
  /** Undefined for a socket that no process has open: in flight over another, or waiting to be accepted. */
  readonly pid: number | undefined;
  readonly fd: number | undefined;
  readonly fileId: number;
  /** Who has the other end, when it is in this checkpoint. */
  readonly peer: { readonly pid: number; readonly fd: number } | undefined;
}

/** What a socket with its rows takes, in units of the images' budget; one that several have open is a row for each. */
const SOCKET_COST = 30;

/** What connects a socket with its other end. */
interface Ends {
  readonly own: string;
  readonly other: string | undefined;
}

/** Every open socket, in the order of the descriptors; then those that nobody has open. */
export async function readSockets(
  images: Images,
  table: FileTable,
  descriptors: readonly FileDescriptor[],
): Promise<readonly Socket[]> {
  const queues = groupBy(await images.entries('SK_QUEUES', 'sk-queues'), ({ id_for }) => id_for);
  const facts = new Map<number, SocketFacts>();
  const ends = new Map<number, Ends>();
  for (const [id, file] of table.files) {
    const known = await socketFacts(
      images,
      table,
      file,
      queues.get(id)?.reduce((sum, { length }) => sum + length, 0) ?? 0,
    );
    if (known === undefined) continue;
    images.charge(SOCKET_COST, `the sockets up to that of file ${id}`);
    facts.set(id, known);
    const joined = endsOf(file, known);
    if (joined !== undefined) ends.set(id, joined);
  }
  const holders = descriptors.filter(({ fileId }) => facts.has(fileId));
  const byEnd = new Map<string, FileDescriptor>();
  for (const holder of [...holders].reverse()) {
    const end = ends.get(holder.fileId);
    if (end !== undefined) byEnd.set(end.own, holder);
  }
  const peerOf = (id: number): Socket['peer'] => {
    const other = ends.get(id)?.other;
    const holder = other === undefined ? undefined : byEnd.get(other);
    return holder === undefined || typeof holder.fd !== 'number'
      ? undefined
      : { pid: holder.pid, fd: holder.fd };
  };
  images.charge(SOCKET_COST * holders.length, 'the sockets of all processes');
  const held = new Set(holders.map(({ fileId }) => fileId));
  const orphans = [...facts.keys()].filter((id) => !held.has(id));
  return [
    ...holders.map(({ pid, fd, fileId }) => ({ pid, fd: typeof fd === 'number' ? fd : undefined, fileId })),
    ...orphans.map((fileId) => ({ pid: undefined, fd: undefined, fileId })),
  ].flatMap((holder) => {
    const known = facts.get(holder.fileId);
    return known === undefined ? [] : { ...holder, ...known, peer: peerOf(holder.fileId) };
  });
}

function endsOf(file: FileEntry, { protocol, local, remote }: SocketFacts): Ends | undefined {
  if (file.usk)
    return { own: `unix ${file.usk.ino}`, other: file.usk.peer === 0 ? undefined : `unix ${file.usk.peer}` };
  if (file.isk === undefined || remote === undefined) return undefined;
  return { own: `${protocol} ${local} ${remote}`, other: `${protocol} ${remote} ${local}` };
}
