import { decodeText } from '../base/text.js';
import { formatAddress, formatSize } from '../base/units.js';
import { type AddressSpace, type Vma, vmaRights } from '../criu/address-space.js';
import type { MemoryMatch, StoppedStretch } from '../memory/search.js';
import type { FoundString } from '../memory/strings.js';
import { summarize } from '../memory/summary.js';
import type { Column } from '../render/table.js';

/** A process and its memory. */
export interface NamedMemory {
  readonly pid: number;
  readonly comm: string;
  readonly space: AddressSpace;
}

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

function sizeColumn(key: (typeof SIZES)[number], header: string, about: string): Column<MemoryListRow> {
  return { key, header, about, align: 'right', text: (row) => formatSize(row[key]) };
}

export const MEMORY_LIST_COLUMNS: readonly Column<MemoryListRow>[] = [
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
];

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

/** What `memory search` prints of a match. */
export type MatchRow = {
  readonly pid: number;
  readonly comm: string;
  readonly address: string;
  readonly vma: string;
  readonly match: string | null;
  readonly length: number;
  readonly before: string;
  readonly after: string;
  readonly image: string | null;
  readonly imageOffset: number | null;
  readonly offset: number | null;
};

export const MATCH_COLUMNS: readonly Column<MatchRow>[] = [
  { key: 'pid', header: 'PID', align: 'right', about: 'process id' },
  { key: 'comm', header: 'COMMAND', about: 'what the process calls itself' },
  { key: 'address', header: 'ADDRESS', align: 'right', about: 'of the first byte' },
  {
    key: 'vma',
    header: 'MAPPING',
    squeeze: 2,
    about: 'name of the mapping: a path, [heap], [stack], [anon]',
  },
  {
    ...{ key: 'match', header: 'MATCH', squeeze: 1, text: matchText },
    about: 'the bytes that match; null where the search was given up as too slow',
  },
  {
    key: 'offset',
    header: 'OFFSET',
    align: 'right',
    about: 'where they are in the tar; null for memory never written',
  },
  { key: 'length', header: 'LENGTH', align: 'right', wide: true, about: 'how many bytes' },
  { key: 'before', header: 'BEFORE', wide: true, about: 'bytes before, as many as --context says' },
  { key: 'after', header: 'AFTER', wide: true, about: 'bytes after' },
  { key: 'image', header: 'IMAGE', wide: true, about: 'entry of the archive that holds them' },
  { key: 'imageOffset', header: 'IMAGE OFFSET', align: 'right', wide: true, about: 'where in that entry' },
];

function matchText({ match, before, after, length }: MatchRow): string {
  if (match === null) return `(given up: too slow within these ${length} bytes)`;
  return before + match + after;
}

export function matchRow({ pid, comm, space }: NamedMemory, match: MemoryMatch): MatchRow {
  const { address, bytes, before, after, vma, stored } = match;
  return {
    ...{ pid, comm, address: formatAddress(address), vma: nameOf(space, vma) },
    ...{ match: decodeText(bytes), length: bytes.length },
    ...{ before: decodeText(before), after: decodeText(after) },
    image: stored?.image ?? null,
    imageOffset: stored?.offset ?? null,
    offset: stored?.archiveOffset ?? null,
  };
}

/** The row of a stretch that a regular expression was too slow for. */
export function stoppedRow({ pid, comm, space }: NamedMemory, { start, end }: StoppedStretch): MatchRow {
  return {
    ...{ pid, comm, address: formatAddress(start), vma: nameOf(space, space.vmaAt(start)) },
    ...{ match: null, length: Number(end - start), before: '', after: '' },
    ...{ image: null, imageOffset: null, offset: null },
  };
}

function nameOf(space: AddressSpace, vma: Vma | undefined): string {
  return vma === undefined ? '' : space.nameOf(vma);
}

/** What `memory strings` prints of a string. */
export type StringRow = {
  readonly pid: number;
  readonly address: string;
  readonly vma: string;
  readonly text: string;
};

export const STRING_COLUMNS: readonly Column<StringRow>[] = [
  { key: 'pid', header: 'PID', align: 'right', about: 'process id' },
  { key: 'address', header: 'ADDRESS', align: 'right', about: 'of its first byte' },
  { key: 'vma', header: 'MAPPING', about: 'name of the mapping that it begins in' },
  { key: 'text', header: 'TEXT', about: 'the string; longer ones come in pieces of 65536 characters' },
];

export function stringRow({ pid, space }: Omit<NamedMemory, 'comm'>, found: FoundString): StringRow {
  return { pid, address: formatAddress(found.address), vma: space.nameOf(found.vma), text: found.text };
}
