import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { unixAddress } from '../checkpoint/file-table.js';
import { groupBy } from '../checkpoint/memo.js';
import { inetEndpoints } from '../checkpoint/socket-endpoints.js';
import type { Range } from '../criu/extra.js';
import type { Extent } from '../criu/ghost-file.js';
import type { CriuImage } from '../criu/image.js';
import type { EntryOf } from '../criu/kinds.js';
import type { DecodeBudget } from '../criu/message.js';
import type { FileEntry } from '../criu/schema/fdinfo.js';
import type { Holders } from './holders.js';
import { type Recovered, type RecoveredKind, safePath } from './recovered.js';
import { extentSource } from './sources.js';

type Facts = Pick<Recovered, 'kind' | 'name' | 'holders' | 'image' | 'path'>;

/** What a stretch of queued data takes, and what has any, in units of the images' budget. */
const EXTENT_COST = 5;
const QUEUE_COST = 16;

/** The data of an image whose entries each name what has it: pieces of one are joined, in the order of the image. */
async function queuedBy<K extends 'PIPES_DATA' | 'FIFO_DATA' | 'SK_QUEUES'>(
  checkpoint: Checkpoint,
  image: CriuImage<K>,
  idOf: (entry: EntryOf<K>) => number,
): Promise<ReadonlyMap<number, Data>> {
  const budget = checkpoint.images.budget();
  const byId = new Map<number, { extents: Extent[]; size: number }>();
  for await (const { value, extra, offset } of image.entries()) {
    if (extra?.kind !== 'bytes' || extra.data.length === 0) continue;
    const id = idOf(value);
    const known = byId.get(id);
    spendOrRefund(budget, known === undefined ? EXTENT_COST + QUEUE_COST : EXTENT_COST, image.name, offset);
    const data = known ?? { extents: [], size: 0 };
    if (known === undefined) byId.set(id, data);
    data.extents.push({ at: data.size, length: extra.data.length, from: extra.data.offset });
    data.size += extra.data.length;
  }
  return byId;
}

function spendOrRefund(budget: DecodeBudget, units: number, where: string, offset: number): void {
  try {
    budget.spend(units, where, offset);
  } catch (error) {
    budget.refund();
    throw error;
  }
}

/** Data that pipes and FIFOs hold. */
export async function* pipeData(checkpoint: Checkpoint, holders: Holders): AsyncGenerator<Recovered> {
  const folder = await checkpoint.images.folder();
  const { files } = await checkpoint.fileTable();
  const pipes = groupBy(files.values(), ({ pipe, fifo }) => (pipe ?? fifo)?.pipe_id);
  for (const [kind, name] of [
    ['PIPES_DATA', 'pipes-data'],
    ['FIFO_DATA', 'fifo-data'],
  ] as const) {
    const image = await checkpoint.images.open(kind, name);
    if (image === undefined) continue;
    for (const [id, data] of await queuedBy(checkpoint, image, ({ pipe_id }) => pipe_id)) {
      const ends = pipes.get(id) ?? [];
      const fifo = ends.find((end) => end.fifo !== undefined)?.fifo;
      yield queued(image, data, {
        kind: 'pipe-data',
        name: (fifo && files.get(fifo.regf_id ?? -1)?.reg?.name) ?? `pipe:[${id}]`,
        holders: holders.ofFiles(ends.map((end) => end.id)),
        image: `${folder}${name}.img`,
        path: `pipes/${id}`,
      });
    }
  }
}

/** Packets that unix and other sockets were sent and have not read; those of one socket one after the other. */
export async function* socketData(checkpoint: Checkpoint, holders: Holders): AsyncGenerator<Recovered> {
  const folder = await checkpoint.images.folder();
  const { files } = await checkpoint.fileTable();
  const image = await checkpoint.images.open('SK_QUEUES', 'sk-queues');
  if (image === undefined) return;
  for (const [id, data] of await queuedBy(checkpoint, image, ({ id_for }) => id_for)) {
    const file = files.get(id);
    yield queued(image, data, {
      kind: 'socket-data',
      name: file === undefined ? `socket ${id}` : socketName(file),
      holders: holders.ofFiles([id]),
      image: `${folder}sk-queues.img`,
      path: `sockets/${id}`,
    });
  }
}

function socketName({ id, usk, isk }: FileEntry): string {
  if (isk !== undefined) return endpointsText(isk);
  if (usk === undefined) return `socket ${id}`;
  return unixAddress(usk) ?? `unix socket ${usk.ino}`;
}

function endpointsText(socket: Parameters<typeof inetEndpoints>[0]): string {
  const { protocol, local, remote } = inetEndpoints(socket);
  return remote === undefined ? `${protocol} ${local}` : `${protocol} ${local} from ${remote}`;
}

/** What TCP connections have received and not read, and what they have sent that was not acknowledged. */
export async function* tcpData(checkpoint: Checkpoint, holders: Holders): AsyncGenerator<Recovered> {
  const folder = await checkpoint.images.folder();
  const { files } = await checkpoint.fileTable();
  // a connection has one image, however many files there are that say they are it
  for (const [ino, sockets] of groupBy(files.values(), ({ isk }) => isk?.ino)) {
    const isk = sockets[0]?.isk;
    if (ino === undefined || isk === undefined) continue;
    const name = `tcp-stream-${ino.toString(16)}`;
    const image = await checkpoint.images.open('TCP_STREAM', name);
    for await (const { extra } of image?.entries() ?? []) {
      if (image === undefined || extra?.kind !== 'tcp queues') continue;
      const { local, remote } = inetEndpoints(isk);
      const directions: [Range, RecoveredKind, string][] = [
        [extra.inq, 'tcp-received', `${local} from ${remote}`],
        [extra.outq, 'tcp-sent', `${local} to ${remote}`],
      ];
      for (const [range, kind, label] of directions) {
        if (range.length === 0) continue;
        yield queued(image, dataOf(range), {
          ...{ kind, name: label, holders: holders.ofFiles(sockets.map(({ id }) => id)) },
          image: `${folder}${name}.img`,
          path: safePath('tcp', `${ino}-${kind === 'tcp-sent' ? 'sent' : 'received'}`),
        });
      }
    }
  }
}

/** Messages that wait in System V queues, each on its own. */
export async function* sysvMessages(checkpoint: Checkpoint): AsyncGenerator<Recovered> {
  const folder = await checkpoint.images.folder();
  for (const namespace of await checkpoint.images.numbers('ipcns-msg-')) {
    const name = `ipcns-msg-${namespace}`;
    const image = await checkpoint.images.open('IPCNS_MSG', name);
    for await (const { value, extra } of image?.entries(checkpoint.images.budget()) ?? []) {
      if (image === undefined || extra?.kind !== 'messages') continue;
      const { desc } = value;
      for (const [index, message] of extra.messages.entries()) {
        const facts: Facts = {
          kind: 'sysv-message',
          name: `key 0x${desc.key.toString(16)}, id ${desc.id}, message ${index + 1} of type ${message.value.mtype}`,
          holders: [],
          image: `${folder}${name}.img`,
          path: `sysv-queues/${desc.id}/${index + 1}`,
        };
        const owner = { uid: desc.uid, gid: desc.gid };
        yield { ...queued(image, dataOf(message.data), facts), owner, mode: desc.mode & 0o777 };
      }
    }
  }
}

/** Stretches of an image that are one object, and its size. */
interface Data {
  readonly extents: readonly Extent[];
  readonly size: number;
}

function dataOf({ offset, length }: Range): Data {
  return { extents: [{ at: 0, length, from: offset }], size: length };
}

function queued(image: CriuImage, { extents, size }: Data, facts: Facts): Recovered {
  return {
    ...{ ...facts, size, mode: undefined, owner: undefined, mtime: undefined, runs: undefined },
    open: () => extentSource(image.source, extents, size, facts.name),
  };
}
