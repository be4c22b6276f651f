import type { IpcDescEntry } from '../criu/schema/ipc.js';
import type { Images } from './images.js';

/** A System V object: a segment of shared memory, a set of semaphores, a queue of messages. */
export interface IpcObject {
  readonly kind: 'shared memory' | 'semaphores' | 'message queue';
  readonly id: number;
  /** The key that programs find it by; 0 is private. */
  readonly key: number;
  readonly uid: number;
  readonly gid: number;
  /** Permission bits. */
  readonly mode: number;
  /** Bytes of a segment, semaphores in a set, messages in a queue. */
  readonly size: bigint;
  /** Values of semaphores, or the sizes of the messages that wait, in words; empty for memory. */
  readonly detail: string;
}

/** All System V objects of the checkpoint's IPC namespaces. */
export async function readIpc(images: Images): Promise<readonly IpcObject[]> {
  const objects: IpcObject[] = [];
  for (const namespace of await images.numbers('ipcns-shm-')) {
    for (const { desc, size } of await images.entries('IPCNS_SHM', `ipcns-shm-${namespace}`)) {
      objects.push({ kind: 'shared memory', ...common(desc), size, detail: '' });
    }
  }
  for (const namespace of await images.numbers('ipcns-sem-')) {
    const image = await images.open('IPCNS_SEM', `ipcns-sem-${namespace}`);
    for await (const { value, extra } of image?.entries() ?? []) {
      const values = extra?.kind === 'semaphores' ? extra.values : [];
      const detail =
        values.length === 0
          ? ''
          : `values ${values.slice(0, 16).join(' ')}${values.length > 16 ? ' ...' : ''}`;
      objects.push({ kind: 'semaphores', ...common(value.desc), size: BigInt(value.nsems), detail });
    }
  }
  for (const namespace of await images.numbers('ipcns-msg-')) {
    const image = await images.open('IPCNS_MSG', `ipcns-msg-${namespace}`);
    for await (const { value, extra } of image?.entries() ?? []) {
      const sizes = extra?.kind === 'messages' ? extra.messages.map(({ value }) => value.msize) : [];
      const total = sizes.reduce((sum, size) => sum + size, 0);
      const detail = sizes.length === 0 ? '' : `${total} bytes wait`;
      objects.push({ kind: 'message queue', ...common(value.desc), size: BigInt(value.qnum), detail });
    }
  }
  return objects;
}

function common({
  id,
  key,
  uid,
  gid,
  mode,
}: IpcDescEntry): Pick<IpcObject, 'id' | 'key' | 'uid' | 'gid' | 'mode'> {
  return { id, key, uid, gid, mode: mode & 0o777 };
}
