import { formatAddress, formatSize } from '../base/units.js';
import { vmaRights } from '../criu/address-space.js';
import { summarize } from '../memory/summary.js';
import type { NamedMemory } from './named-memory.js';
import type { FieldColumn, Question } from './view.js';

type LargestRow = {
  readonly address: string;
  readonly vma: string;
  readonly rights: string;
  readonly resident: number;
};

/** What `memory list` prints of a process; without a PID, of all of them. */
export type MemoryListRow = {
  readonly pid: number | null;
  readonly comm: string;
  readonly mapped: number;
  readonly resident: number;
  readonly shared: number;
  readonly anonymous: number;
  readonly fileBacked: number;
  readonly deletedFiles: number;
  readonly inFiles: number;
  readonly missing: number;
  readonly largest: readonly LargestRow[];
};

const SIZES = [
  ...(['mapped', 'resident', 'shared', 'anonymous', 'fileBacked', 'deletedFiles'] as const),
  ...(['inFiles', 'missing'] as const),
] as const;

function sizeColumn(key: (typeof SIZES)[number], header: string, about: string): FieldColumn<MemoryListRow> {
  return { key, header, about, align: 'right', text: (row) => formatSize(row[key]) };
}

/** How much memory each process had: `memoryListRow` makes the row of each, `memoryTotals` the last one. */
export const memoryListQuestion: Question<MemoryListRow> = {
  name: 'memory list',
  summary: 'how much memory each process had, and where',
  about: 'The last row is the totals.',
  examples: ['coldcase memory list evidence.tar.zst.age -i key.txt'],
  columns: [
    {
      ...{ key: 'pid', header: 'PID', align: 'right', about: 'process id; null in the last row, the totals' },
      text: ({ pid }) => (pid === null ? 'all' : String(pid)),
    },
    { key: 'comm', header: 'COMMAND', about: 'what the process calls itself' },
    sizeColumn('mapped', 'MAPPED', 'bytes of all mappings'),
    sizeColumn('resident', 'IN ARCHIVE', 'bytes of pages in the archive'),
    sizeColumn('shared', 'SHARED', 'bytes of these in shared memory'),
    sizeColumn('anonymous', 'ANONYMOUS', 'bytes of these in private anonymous memory'),
    sizeColumn('fileBacked', 'FILE', 'bytes of these in changed pages of mapped files'),
    sizeColumn(
      'deletedFiles',
      'DELETED FILE',
      'bytes of these in unchanged pages of deleted files, from the copy that CRIU kept (ghost-file-N.img)',
    ),
    sizeColumn(
      'inFiles',
      'NOT DUMPED',
      'bytes of unchanged pages of mapped files, which CRIU leaves to the files',
    ),
    sizeColumn(
      'missing',
      'MISSING',
      'bytes that only a parent checkpoint, a page server or a pages image left out of the archive has',
    ),
    {
      ...{ key: 'largest', header: 'LARGEST', squeeze: 1 },
      about: 'up to five mappings with most pages in the archive: address, vma, rights, resident',
      text: ({ largest }) =>
        largest
          .slice(0, 2)
          .map(({ vma, resident }) => `${vma} ${formatSize(resident)}`)
          .join(', '),
    },
  ],
};

export function memoryListRow({ pid, comm, space }: NamedMemory): MemoryListRow {
  const { largest, ...sizes } = summarize(space);
  const named = largest.map(({ vma, resident }) => ({
    address: formatAddress(vma.start),
    vma: space.nameOf(vma),
    rights: vmaRights(vma),
    resident,
  }));
  return { pid, comm, ...sizes, largest: named };
}

/** The row of all processes together. Shared memory counts in each process that maps it. */
export function memoryTotals(rows: readonly MemoryListRow[]): MemoryListRow {
  const sum = {
    ...{ mapped: 0, resident: 0, shared: 0, anonymous: 0, fileBacked: 0, deletedFiles: 0 },
    ...{ inFiles: 0, missing: 0 },
  };
  for (const row of rows) for (const key of SIZES) sum[key] += row[key];
  return { pid: null, comm: '', ...sum, largest: [] };
}
