import { bisectList } from '../base/bisect.js';
import { requireRange } from '../bytes/range.js';
import { sliceSource } from '../bytes/slice.js';
import type { ByteSource } from '../bytes/source.js';
import type { ArchiveEntry, SparseRun } from './entry.js';

/** The contents of an entry; the holes of a sparse one read as zeros. */
export function entrySource(tar: ByteSource, entry: ArchiveEntry, name: string): ByteSource {
  const stored = sliceSource(tar, entry.dataOffset, entry.storedSize, name);
  return entry.sparse === undefined ? stored : sparseSource(stored, entry.sparse, entry.size);
}

function sparseSource(stored: ByteSource, runs: readonly SparseRun[], size: number): ByteSource {
  /** Where each run's data starts in `stored`. */
  const starts: number[] = [];
  let sum = 0;
  for (const run of runs) {
    starts.push(sum);
    sum += run.length;
  }
  const self: ByteSource = {
    name: stored.name,
    size,
    read: async (offset, length) => {
      requireRange(self, offset, length);
      const bytes = new Uint8Array(length);
      const first = bisectList(runs, (run) => run.offset + run.length <= offset);
      for (let at = first; at < runs.length; at += 1) {
        const run = runs[at];
        const start = starts[at];
        if (run === undefined || start === undefined || run.offset >= offset + length) break;
        const from = Math.max(run.offset, offset);
        const to = Math.min(run.offset + run.length, offset + length);
        bytes.set(await stored.read(start + from - run.offset, to - from), from - offset);
      }
      return bytes;
    },
    close: async () => {},
  };
  return self;
}
