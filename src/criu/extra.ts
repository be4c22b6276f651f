import { FormatError } from '../base/errors.js';
import { type Framed, readMessage } from './frame.js';
import type { DecodeBudget } from './message.js';
import { type IpcMsg, ipcMsg } from './schema/ipc.js';
import type { MessageType } from './schema.js';
import type { Window } from './window.js';

/** A run of bytes within an image: `offset` from its start. */
export interface Range {
  readonly offset: number;
  readonly length: number;
}

/** What follows a message in an image. Contents stay in the image until someone reads them. */
export type Extra =
  | { readonly kind: 'bytes'; readonly data: Range }
  | { readonly kind: 'tcp queues'; readonly inq: Range; readonly outq: Range }
  | { readonly kind: 'semaphores'; readonly values: readonly number[] }
  | { readonly kind: 'messages'; readonly messages: readonly QueuedMessage[] };

/** A message that waits in a System V queue: its type and size, and where its text is. */
export interface QueuedMessage extends Framed<IpcMsg> {
  readonly type: MessageType<IpcMsg>;
  readonly data: Range;
}

/** Reads, or skips, what follows a message, and leaves the window behind it. */
export type ExtraReader<Entry> = (
  window: Window,
  entry: Entry,
  budget: DecodeBudget,
) => Promise<Extra | undefined>;

/** As many bytes as the entry says. */
export function counted<Entry>(what: string, length: (entry: Entry) => number): ExtraReader<Entry> {
  return async (window, entry) => ({ kind: 'bytes', data: range(window, length(entry), what) });
}

/** Everything up to the end of the image, unless the entry says that there is nothing. */
export function remainder<Entry>(what: string, present: (entry: Entry) => boolean): ExtraReader<Entry> {
  return async (window, entry) =>
    present(entry) ? { kind: 'bytes', data: range(window, window.left, what) } : undefined;
}

/** Bytes received and not read, then bytes sent and not acknowledged (criu/sk-tcp.c). */
export function tcpQueues<Entry>(
  lengths: (entry: Entry) => { inq: number; outq: number },
): ExtraReader<Entry> {
  return async (window, entry) => {
    const { inq, outq } = lengths(entry);
    return {
      kind: 'tcp queues',
      inq: range(window, inq, 'a receive queue'),
      outq: range(window, outq, 'a send queue'),
    };
  };
}

/** The values of a set of semaphores, 16 bits each, padded to 8 bytes (criu/ipc_ns.c). */
export function semaphores<Entry>(count: (entry: Entry) => number): ExtraReader<Entry> {
  return async (window, entry, budget) => {
    const length = 2 * count(entry);
    const start = window.position;
    if (length > window.left) {
      throw new FormatError(
        window.source.name,
        start,
        `${count(entry)} semaphores, and ${window.left} bytes are left`,
      );
    }
    budget.spend(length, window.source.name, start);
    const bytes = await window.take(length, 'a set of semaphores');
    const view = new DataView(bytes.buffer, bytes.byteOffset, length);
    const values = Array.from({ length: length / 2 }, (_, i) => view.getUint16(2 * i, true));
    skipPadding(window, length, 8);
    return { kind: 'semaphores', values };
  };
}

/** The messages in a queue, each framed like an entry, its text behind it padded to 8 bytes (criu/ipc_ns.c). */
export function queuedMessages<Entry>(count: (entry: Entry) => number): ExtraReader<Entry> {
  return async (window, entry, budget) => {
    const messages: QueuedMessage[] = [];
    for (let left = count(entry); left > 0; left -= 1) {
      const found = await readMessage(window, ipcMsg, budget);
      if (found === undefined) {
        throw new FormatError(
          window.source.name,
          window.position,
          `${left} more messages should be in the queue`,
        );
      }
      const data = range(window, found.value.msize, 'a message of a queue');
      skipPadding(window, data.length, 8);
      messages.push({ type: ipcMsg, ...found, data });
    }
    return { kind: 'messages', messages };
  };
}

/**
 * The contents of a System V segment, padded to 4 bytes; newer CRIU keeps them in pagemap-shmem-*.img and says so
 * (criu/ipc_ns.c).
 */
export function segment<Entry>(
  describe: (entry: Entry) => { size: number; elsewhere: boolean },
): ExtraReader<Entry> {
  return async (window, entry) => {
    const { size, elsewhere } = describe(entry);
    const data = range(window, elsewhere ? 0 : size, 'a shared memory segment');
    skipPadding(window, data.length, 4);
    return { kind: 'bytes', data };
  };
}

function range(window: Window, length: number, what: string): Range {
  const offset = window.position;
  window.skip(length, what);
  return { offset, length };
}

function skipPadding(window: Window, length: number, alignment: number): void {
  const over = length % alignment;
  if (over > 0) window.skip(alignment - over, 'padding');
}
