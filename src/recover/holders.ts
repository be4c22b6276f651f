import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { VmaStatus } from '../criu/address-space.js';
import type { Holder } from './recovered.js';

/** Who holds which file, by CRIU's id of the open file, and which System V segment. */
export interface Holders {
  /** Holders of any of these files; each process and way once. */
  ofFiles(ids: Iterable<number>): readonly Holder[];
  ofSegment(id: number): readonly Holder[];
}

/** What a holder takes, in units of the images' budget. */
const HOLDER_COST = 4;

/** Goes through descriptors, executables, working directories and mappings of every process. */
export async function findHolders(checkpoint: Checkpoint): Promise<Holders> {
  const files = new Map<number, Holder[]>();
  const segments = new Map<number, Holder[]>();
  const comms = new Map<number, string>();
  const add = (to: Map<number, Holder[]>, id: number, pid: number, by: Holder['by']): void => {
    const holder = { pid, comm: comms.get(pid) ?? '', by };
    const list = to.get(id);
    if (list === undefined) to.set(id, [holder]);
    else list.push(holder);
  };
  for (const process of await checkpoint.processes()) comms.set(process.pid, process.comm);
  for (const process of await checkpoint.processes()) {
    const mm = await process.mm();
    if (mm === undefined) continue;
    add(files, mm.exe_file_id, process.pid, 'exe');
    const mapped = { files: new Set<number>(), segments: new Set<number>() };
    for (const { status, shmid } of mm.vmas) {
      if (status & VmaStatus.sysvIpc) mapped.segments.add(Number(shmid));
      else if (status & (VmaStatus.filePrivate | VmaStatus.fileShared | VmaStatus.memfd)) {
        mapped.files.add(Number(shmid));
      }
    }
    const count = mapped.files.size + mapped.segments.size + 1;
    checkpoint.charge(process, 'mapped files', HOLDER_COST * count);
    for (const id of mapped.segments) add(segments, id, process.pid, 'map');
    for (const id of mapped.files) add(files, id, process.pid, 'map');
  }
  for (const { fileId, pid, fd } of await checkpoint.descriptors()) add(files, fileId, pid, fd);
  return {
    ofFiles: (ids) => [...ids].flatMap((id) => files.get(id) ?? []),
    ofSegment: (id) => segments.get(id) ?? [],
  };
}
