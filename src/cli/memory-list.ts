import { formatAddress, formatSize } from '../base/units.js';
import { vmaRights } from '../criu/address-space.js';
import { summarize } from '../memory/summary.js';
import type { Column, Row } from '../render/table.js';
import { type ArchiveOptions, withArchive } from './archive-options.js';
import { type MemoryTarget, memoryTargets } from './memory-targets.js';
import { type OutputOptions, printRows } from './output.js';

/** What `memory list` prints of a process; documented in its help. */
interface ListRow extends Row {
  readonly pid: number | null;
  readonly comm: string;
  readonly mapped: number;
  readonly resident: number;
  readonly shared: number;
  readonly anonymous: number;
  readonly fileBacked: number;
  readonly inFiles: number;
  readonly missing: number;
  readonly largest: readonly LargestRow[];
}

type LargestRow = { address: string; vma: string; rights: string; resident: number };

const size = (key: 'mapped' | 'resident' | 'shared' | 'anonymous' | 'fileBacked' | 'inFiles' | 'missing') =>
  ({
    key,
    align: 'right',
    text: (row: ListRow) => formatSize(row[key]),
  }) as const;

const COLUMNS: readonly Column<ListRow>[] = [
  { key: 'pid', header: 'PID', align: 'right', text: ({ pid }) => (pid === null ? 'all' : String(pid)) },
  { key: 'comm', header: 'COMMAND' },
  { ...size('mapped'), header: 'MAPPED' },
  { ...size('resident'), header: 'IN ARCHIVE' },
  { ...size('shared'), header: 'SHARED' },
  { ...size('anonymous'), header: 'ANONYMOUS' },
  { ...size('fileBacked'), header: 'FILE' },
  { ...size('inFiles'), header: 'NOT DUMPED' },
  { ...size('missing'), header: 'MISSING' },
  {
    key: 'largest',
    header: 'LARGEST',
    squeeze: 1,
    text: ({ largest }) => largest.slice(0, 2).map(largestText).join(', '),
  },
];

export async function list(
  location: string,
  options: ArchiveOptions & OutputOptions & { readonly pid?: number },
): Promise<void> {
  await withArchive(location, options, async (archive) => {
    const rows = (await memoryTargets(archive, options.pid)).map(listRow);
    await printRows({ columns: COLUMNS, rows: [...rows, totals(rows)] }, options);
  });
}

function listRow({ pid, comm, space }: MemoryTarget): ListRow {
  const { largest, ...sizes } = summarize(space);
  const named = largest.map(({ vma, resident }) => ({
    address: formatAddress(vma.start),
    vma: space.nameOf(vma),
    rights: vmaRights(vma),
    resident,
  }));
  return { pid, comm, ...sizes, largest: named };
}

function totals(rows: readonly ListRow[]): ListRow {
  const sum = { mapped: 0, resident: 0, shared: 0, anonymous: 0, fileBacked: 0, inFiles: 0, missing: 0 };
  for (const row of rows) {
    sum.mapped += row.mapped;
    sum.resident += row.resident;
    sum.shared += row.shared;
    sum.anonymous += row.anonymous;
    sum.fileBacked += row.fileBacked;
    sum.inFiles += row.inFiles;
    sum.missing += row.missing;
  }
  return { pid: null, comm: '', ...sum, largest: [] };
}

function largestText({ vma, resident }: LargestRow): string {
  return `${vma} ${formatSize(resident)}`;
}
