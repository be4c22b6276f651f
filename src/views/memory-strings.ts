import { formatAddress } from '../base/units.js';
import type { FoundString } from '../memory/strings.js';
import type { NamedMemory } from './named-memory.js';
import type { Question } from './view.js';

/** What `memory strings` prints of a string. */
export type StringRow = {
  readonly pid: number;
  readonly address: string;
  readonly vma: string;
  readonly text: string;
};

/** What memory has of text: `stringRow` makes the row of each string. */
export const memoryStringsQuestion: Question<StringRow> = {
  name: 'memory strings',
  summary: 'printable strings in memory, with their addresses',
  examples: ['coldcase memory strings checkpoint.tar --pid 4 --min 8'],
  columns: [
    { key: 'pid', header: 'PID', align: 'right', about: 'process id' },
    { key: 'address', header: 'ADDRESS', align: 'right', about: 'of its first byte' },
    { key: 'vma', header: 'MAPPING', about: 'name of the mapping that it begins in' },
    { key: 'text', header: 'TEXT', about: 'the string; longer ones come in pieces of 65536 characters' },
  ],
};

export function stringRow({ pid, space }: Omit<NamedMemory, 'comm'>, found: FoundString): StringRow {
  return { pid, address: formatAddress(found.address), vma: space.nameOf(found.vma), text: found.text };
}
