import { jsonNumber, type View } from './view.js';

export type IpcRow = {
  readonly kind: string;
  readonly id: number;
  readonly key: string;
  readonly uid: number;
  readonly gid: number;
  readonly mode: string;
  readonly size: number | string;
  readonly detail: string;
};

/** System V shared memory, semaphores and message queues. */
export const ipcView: View<IpcRow> = {
  name: 'ipc',
  summary: 'System V shared memory, semaphores, message queues',
  examples: ['coldcase ipc checkpoint.tar'],
  columns: [
    { key: 'kind', header: 'KIND', about: 'shared memory, semaphores or message queue' },
    { key: 'id', header: 'ID', align: 'right', about: 'its id' },
    { key: 'key', header: 'KEY', align: 'right', about: 'the key that programs find it by' },
    { key: 'uid', header: 'UID', align: 'right', about: "the owner's user id" },
    { key: 'gid', header: 'GID', align: 'right', about: "the owner's group id" },
    { key: 'mode', header: 'MODE', about: 'permission bits in octal' },
    {
      key: 'size',
      header: 'SIZE',
      align: 'right',
      about: 'bytes of memory, semaphores in a set, or messages that wait',
    },
    { key: 'detail', header: 'DETAIL', squeeze: 1, about: 'values of semaphores, bytes of messages' },
  ],
  async rows(checkpoint, { pid }) {
    if (pid !== undefined) await checkpoint.select(pid);
    return (await checkpoint.ipc()).map((object) => ({
      kind: object.kind,
      id: object.id,
      key: `0x${object.key.toString(16).padStart(8, '0')}`,
      uid: object.uid,
      gid: object.gid,
      mode: object.mode.toString(8).padStart(4, '0'),
      size: jsonNumber(object.size),
      detail: object.detail,
    }));
  },
};
