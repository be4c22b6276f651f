import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { VmaStatus } from '../criu/address-space.js';
import type { Holder } from './recovered.js';

/** Who holds which file, by CRIU's id of the open file, and which System V segment. */
export interface Holders {
  /** Holders of any of these files; each process and way once. */
  ofFiles(ids: Iterable<number>): readonly Holder[];
  ofSegment(id: number): readonly Holder[];
}

/** Goes through descriptors, executables, working directories and mappings of every process. */
export async function findHolders(checkpoint: Checkpoint): Promise<Holders> {
  const files = new Map<number, Holder[]>();
  const segments = new Map<number, Holder[]>();
  const comms = new Map<number, string>();
  for (const process of await checkpoint.processes()) comms.set(process.pid, process.comm);
  const add = (to: Map<number, Holder[]>, id: number, pid: number, by: Holder['by']): void => {
    const list = to.get(id) ?? [];
    to.set(id, list);
    if (list.some((each) => each.pid === pid && each.by === by)) return;
    list.push({ pid, comm: comms.get(pid) ?? '', by });
  };
  for (const process of await checkpoint.processes()) {
    const mm = await process.mm();
    if (mm === undefined) continue;
    add(files, mm.exe_file_id, process.pid, 'exe');
    for (const { status, shmid } of mm.vmas) {
      if (status & VmaStatus.sysvIpc) add(segments, Number(shmid), process.pid, 'map');
      else if (status & (VmaStatus.filePrivate | VmaStatus.fileShared | VmaStatus.memfd)) {
        add(files, Number(shmid), process.pid, 'map');
      }
    }
  }
  for (const { fileId, pid, fd } of await checkpoint.descriptors()) add(files, fileId, pid, fd);
  return {
    ofFiles: (ids) => [...ids].flatMap((id) => files.get(id) ?? []),
    ofSegment: (id) => segments.get(id) ?? [],
  };
}
