import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { unixAddress } from '../checkpoint/file-table.js';
import { inetEndpoints } from '../checkpoint/socket-endpoints.js';
import type { Range } from '../criu/extra.js';
import type { Extent } from '../criu/ghost-file.js';
import type { CriuImage } from '../criu/image.js';
import type { FileEntry } from '../criu/schema/fdinfo.js';
import type { Holders } from './holders.js';
import { type Recovered, type RecoveredKind, safePath } from './recovered.js';
import { extentSource } from './sources.js';

type Facts = Pick<Recovered, 'kind' | 'name' | 'holders' | 'image' | 'path'>;

/** Data that pipes and FIFOs hold. */
export async function* pipeData(checkpoint: Checkpoint, holders: Holders): AsyncGenerator<Recovered> {
  const folder = await checkpoint.images.folder();
  const files = [...(await checkpoint.fileTable()).files.values()];
  for (const [kind, name] of [
    ['PIPES_DATA', 'pipes-data'],
    ['FIFO_DATA', 'fifo-data'],
  ] as const) {
    const image = await checkpoint.images.open(kind, name);
    for await (const { value, extra } of image?.entries() ?? []) {
      if (image === undefined || extra?.kind !== 'bytes' || extra.data.length === 0) continue;
      const ends = files.filter(({ pipe, fifo }) => (pipe ?? fifo)?.pipe_id === value.pipe_id);
      const fifo = ends.flatMap((end) =>
        end.fifo === undefined ? [] : [pathOf(files, end.fifo.regf_id)],
      )[0];
      yield queued(image, [extra.data], {
        kind: 'pipe-data',
        name: fifo ?? `pipe:[${value.pipe_id}]`,
        holders: holders.ofFiles(ends.map(({ id }) => id)),
        image: `${folder}${name}.img`,
        path: `pipes/${value.pipe_id}`,
      });
    }
  }
}

function pathOf(files: readonly FileEntry[], id: number | undefined): string | undefined {
  return files.find((file) => file.id === id)?.reg?.name;
}

/** Packets that unix and other sockets were sent and have not read; those of one socket one after the other. */
export async function* socketData(checkpoint: Checkpoint, holders: Holders): AsyncGenerator<Recovered> {
  const folder = await checkpoint.images.folder();
  const { files } = await checkpoint.fileTable();
  const image = await checkpoint.images.open('SK_QUEUES', 'sk-queues');
  if (image === undefined) return;
  const packets = new Map<number, Range[]>();
  for await (const { value, extra } of image.entries()) {
    if (extra?.kind !== 'bytes') continue;
    const list = packets.get(value.id_for) ?? [];
    packets.set(value.id_for, list);
    list.push(extra.data);
  }
  for (const [id, ranges] of packets) {
    const file = files.get(id);
    yield queued(image, ranges, {
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
  for (const { id, isk } of (await checkpoint.fileTable()).files.values()) {
    if (isk === undefined) continue;
    const name = `tcp-stream-${isk.ino.toString(16)}`;
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
        yield queued(image, [range], {
          ...{ kind, name: label, holders: holders.ofFiles([id]), image: `${folder}${name}.img` },
          path: safePath('tcp', `${isk.ino}-${kind === 'tcp-sent' ? 'sent' : 'received'}`),
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
    for await (const { value, extra } of image?.entries() ?? []) {
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
        yield { ...queued(image, [message.data], facts), owner, mode: desc.mode & 0o777 };
      }
    }
  }
}

/** Ranges of an image, one behind the other. */
function queued(image: CriuImage, ranges: readonly Range[], facts: Facts): Recovered {
  const extents: Extent[] = [];
  let size = 0;
  for (const { offset, length } of ranges) {
    extents.push({ at: size, length, from: offset });
    size += length;
  }
  return {
    ...{ ...facts, size, mode: undefined, owner: undefined, mtime: undefined, runs: undefined },
    open: () => extentSource(image.source, extents, size, facts.name),
  };
}
