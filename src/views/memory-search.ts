import { decodeText } from '../base/text.js';
import { formatAddress } from '../base/units.js';
import type { AddressSpace, Vma } from '../criu/address-space.js';
import type { MemoryMatch, StoppedStretch } from '../memory/search.js';
import type { NamedMemory } from './named-memory.js';
import type { Question } from './view.js';

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

/** Where memory has a pattern: `matchRow` makes the row of each match. */
export const memorySearchQuestion: Question<MatchRow> = {
  name: 'memory search',
  summary: 'find text, bytes or a regular expression in memory',
  about: `Searches what the archive holds of the memory of all processes, or of one. A regular expression sees one character for
each byte, ^ and $ match at line breaks; a match longer than 64 KiB may be cut. It is given 2 seconds for each MiB; what
takes longer is given up, listed with no match, and ends in exit code 1.`,
  examples: [
    'coldcase memory search evidence.tar.zst.age -i key.txt AKIA --context 40',
    "coldcase memory search checkpoint.tar --regex '[a-z]+://[^ ]+' --json",
    "coldcase memory search checkpoint.tar --hex '7f 45 4c 46 ?? 01'",
  ],
  columns: [
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
  ],
};

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
