import { FailedError } from '../base/errors.js';
import { formatAddress } from '../base/units.js';
import { bareText, bytesText } from '../memory/bytes-text.js';
import { compilePattern } from '../memory/pattern.js';
import { type MemoryMatch, searchMemory } from '../memory/search.js';
import type { Column, Row } from '../render/table.js';
import { type ArchiveOptions, withArchive } from './archive-options.js';
import { interrupted } from './interrupt.js';
import { type MemoryTarget, memoryTargets } from './memory-targets.js';
import { formatOf, type OutputOptions, printRows } from './output.js';
import { createProgress } from './progress.js';

interface SearchOptions extends ArchiveOptions, OutputOptions {
  readonly pid?: number;
  readonly regex?: true;
  readonly hex?: true;
  readonly utf16?: true;
  readonly ignoreCase?: true;
  readonly context: number;
  readonly max: number;
  readonly quiet?: true;
}

/** What `memory search` prints of a match; documented in its help. */
interface MatchRow extends Row {
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
}

const COLUMNS: readonly Column<MatchRow>[] = [
  { key: 'pid', header: 'PID', align: 'right' },
  { key: 'comm', header: 'COMMAND' },
  { key: 'address', header: 'ADDRESS', align: 'right' },
  { key: 'vma', header: 'MAPPING', squeeze: 2 },
  { key: 'match', header: 'MATCH', squeeze: 1, text: matchText },
  { key: 'offset', header: 'OFFSET', align: 'right' },
  { key: 'length', header: 'LENGTH', align: 'right', wide: true },
  { key: 'before', header: 'BEFORE', wide: true, text: ({ before }) => bareText(before) },
  { key: 'after', header: 'AFTER', wide: true, text: ({ after }) => bareText(after) },
  { key: 'image', header: 'IMAGE', wide: true },
  { key: 'imageOffset', header: 'IMAGE OFFSET', align: 'right', wide: true },
];

/** Rows of ndjson are printed in groups of so many, as they come. */
const GROUP = 500;

export async function search(location: string, text: string, options: SearchOptions): Promise<void> {
  const kind = options.regex ? 'regex' : options.hex ? 'hex' : 'literal';
  const pattern = compilePattern({
    ...{ text, kind },
    ignoreCase: options.ignoreCase === true,
    utf16: options.utf16 === true,
  });
  const progress = createProgress(options);
  await withArchive(location, options, async (archive) => {
    const targets = await memoryTargets(archive, options.pid);
    const byPid = new Map(targets.map((target) => [target.pid, target]));
    const rows: MatchRow[] = [];
    let stopped = 0;
    let found = 0;
    const matches = searchMemory(archive, {
      ...{ targets, pattern, context: options.context, signal: interrupted },
      onProgress: (done, total) => progress.report('searching', done, total),
      onStopped: ({ pid, start, end }) => {
        stopped += 1;
        rows.push(stoppedRow(byPid.get(pid), pid, start, end));
      },
    });
    try {
      for await (const match of matches) {
        rows.push(matchRow(byPid.get(match.pid), match));
        found += 1;
        if (found === options.max) break;
        if (rows.length < GROUP || formatOf(options) !== 'ndjson') continue;
        await printRows({ columns: COLUMNS, rows: rows.splice(0) }, options);
      }
    } finally {
      // also what was found before an error or Ctrl-C
      progress.clear();
      await printRows({ columns: COLUMNS, rows }, options);
    }
    if (found === options.max && options.quiet !== true) {
      process.stderr.write(
        `coldcase: stopped after ${found} matches; a larger --max, or --max 0, finds more\n`,
      );
    }
    if (stopped > 0) {
      throw new FailedError(`the regular expression took too long for ${stopped} stretches of memory`, {
        remedy: 'they are listed without a match; a simpler expression gets through them',
      });
    }
  });
}

function matchRow(target: MemoryTarget | undefined, match: MemoryMatch): MatchRow {
  const { pid, address, bytes, before, after, vma, stored } = match;
  return {
    pid,
    comm: target?.comm ?? '',
    address: formatAddress(address),
    vma: target !== undefined && vma !== undefined ? target.space.nameOf(vma) : '',
    match: bytesText(bytes),
    length: bytes.length,
    before: bytesText(before),
    after: bytesText(after),
    image: stored?.image ?? null,
    imageOffset: stored?.offset ?? null,
    offset: stored?.archiveOffset ?? null,
  };
}

function stoppedRow(target: MemoryTarget | undefined, pid: number, start: bigint, end: bigint): MatchRow {
  const vma = target?.space.vmaAt(start);
  return {
    ...{ pid, comm: target?.comm ?? '', address: formatAddress(start) },
    vma: target !== undefined && vma !== undefined ? target.space.nameOf(vma) : '',
    ...{ match: null, length: Number(end - start), before: '', after: '' },
    ...{ image: null, imageOffset: null, offset: null },
  };
}

function matchText({ match, before, after, length }: MatchRow): string {
  if (match === null) return `(given up: too slow within these ${length} bytes)`;
  return bareText(before) + bareText(match) + bareText(after);
}
