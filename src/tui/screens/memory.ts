import { formatAddress, formatSize } from '../../base/units.js';
import type { Mapping } from '../../checkpoint/mappings.js';
import type { Process } from '../../checkpoint/process-list.js';
import type { AddressSpace } from '../../criu/address-space.js';
import { compilePattern } from '../../memory/pattern.js';
import { type SearchTarget, searchMemory } from '../../memory/search.js';
import { findStrings } from '../../memory/strings.js';
import type { Item, OutlineColumn, OutlineContent } from '../core/outline.js';
import type { Content, LoadContext, PageSpec } from '../core/state.js';
import { breathe } from '../core/walk.js';
import { branch, leaf } from './items.js';
import { memoryHex } from './memory-hex.js';
import { patternRequest } from './pattern-request.js';
import type { Workspace } from './workspace.js';

/** Screen 3: whose memory there is, by mappings. */
export function memoryPage(workspace: Workspace): PageSpec {
  return {
    screen: 'memory',
    title: 'Memory: Enter opens a mapping, s searches all processes',
    tabs: [{ id: 'mappings', title: 'mappings', load: (context) => memoryContent(workspace, context) }],
  };
}

/** The memory of one process. */
export function hexPage(workspace: Workspace, subject: string): PageSpec {
  const pid = Number(subject);
  return {
    screen: 'memory',
    title: `Memory of process ${workspace.processName(subject)}`,
    tabs: [
      { id: 'hex', title: 'hex', load: ({ changed }) => memoryHex(workspace, pid, changed) },
      { id: 'strings', title: 'strings', load: (context) => stringContent(workspace, pid, context) },
    ],
  };
}

/** What a search of all memory finds. */
export function foundPage(workspace: Workspace, pattern: string): PageSpec {
  return {
    screen: 'memory',
    title: `Search of all memory: ${pattern}`,
    tabs: [{ id: 'found', title: 'found', load: (context) => foundContent(workspace, pattern, context) }],
  };
}

async function memoryContent(workspace: Workspace, context: LoadContext): Promise<OutlineContent> {
  const { checkpoint } = workspace;
  const memory = await checkpoint.memory();
  const processes = (await checkpoint.processes()).filter(({ state }) => state !== 'zombie');
  const items: Item[] = [];
  for (const process of processes) {
    const { space } = await memory.process(process.pid);
    items.push(processItem(process, await checkpoint.mappings(process), space));
    context.signal.throwIfAborted();
    context.progress(items.length, processes.length);
    await breathe();
  }
  return {
    kind: 'outline',
    columns: [
      { header: 'MEMORY', squeeze: 1 },
      { header: 'SIZE', align: 'right' },
      { header: 'IN ARCHIVE', align: 'right' },
      { header: 'PERMS' },
      { header: 'WHAT', squeeze: 2 },
    ],
    root: branch([], items),
    open: items.length === 1 ? [[0]] : [],
    empty: 'no process with memory in this archive',
  };
}

function processItem(process: Process, mappings: readonly Mapping[], space: AddressSpace): Item {
  const subject = String(process.pid);
  const children = mappings.map((mapping) => {
    const { start, end, perms, kind, path } = mapping;
    const here = residentIn(space, start, end);
    const risky = perms.includes('w') && perms.includes('x');
    return leaf(
      [
        formatAddress(start),
        formatSize(end - start),
        here === 0 ? '' : formatSize(here),
        perms,
        path === undefined ? `[${kind}]` : path + (mapping.deleted ? ' (deleted)' : ''),
      ],
      {
        id: `${subject}:${formatAddress(start)}`,
        place: { page: 'hex', subject, at: formatAddress(start) },
        tone: risky || mapping.deleted ? 'bad' : here === 0 ? 'dim' : undefined,
        mark: risky || mapping.deleted ? '!' : undefined,
      },
    );
  });
  const size = mappings.reduce((sum, { start, end }) => sum + (end - start), 0n);
  const here = residentIn(space, 0n, 1n << 64n);
  return branch(
    [`${process.comm} (${subject})`, formatSize(size), formatSize(here), '', `${mappings.length} mappings`],
    children,
    { id: subject, tone: 'strong' },
  );
}

/** Bytes of a range whose pages the archive holds. */
function residentIn(space: AddressSpace, start: bigint, end: bigint): number {
  let bytes = 0;
  for (const segment of space.segments(start, end)) {
    if (segment.backing.kind === 'pages') bytes += Number(segment.end - segment.start);
  }
  return bytes;
}

/** Rows of a search that are kept. */
const ROWS_MOST = 200_000;
const UPDATE_MS = 150;
const STRING_MIN = 6;
/** Of a long match or string this much is kept for the list; hex has all of it. */
const TEXT_KEPT = 512;

const FOUND_COLUMNS: readonly OutlineColumn[] = [
  { header: 'PID', align: 'right' },
  { header: 'COMM', squeeze: 1 },
  { header: 'ADDRESS', align: 'right' },
  { header: 'MAPPING', squeeze: 2 },
  { header: 'MATCH', squeeze: 3 },
];
const CONTEXT = 24;

async function foundContent(workspace: Workspace, text: string, context: LoadContext): Promise<Content> {
  const { checkpoint } = workspace;
  const pattern = compilePattern(patternRequest(text));
  const memory = await checkpoint.memory();
  const processes = (await checkpoint.processes()).filter(({ state }) => state !== 'zombie');
  const targets: SearchTarget[] = [];
  const names = new Map<number, string>();
  const labels = new Map<number, readonly Mapping[]>();
  for (const process of processes) {
    targets.push({ pid: process.pid, space: (await memory.process(process.pid)).space });
    names.set(process.pid, process.comm);
    labels.set(process.pid, await checkpoint.mappings(process));
  }
  const rows = new GrowingRows(FOUND_COLUMNS, 'nothing found');
  context.goOn(async (update) => {
    let [done, total] = [0, 0];
    let stopped = 0;
    const found = searchMemory(workspace.archive, {
      targets,
      pattern,
      context: CONTEXT,
      signal: context.signal,
      onProgress: (now, all) => {
        [done, total] = [now, all];
        if (rows.due()) update(rows.content(progressText(rows.count, done, total)));
      },
      onStopped: () => {
        stopped += 1;
      },
    });
    const outcome = await drain(found, context.signal, ({ pid, address, before, bytes, after }) => {
      const vma = labels.get(pid)?.find(({ start, end }) => start <= address && address < end);
      const at = formatAddress(address);
      return rows.add(
        leaf(
          [
            String(pid),
            names.get(pid) ?? '',
            at,
            vma?.path ?? `[${vma?.kind ?? ''}]`,
            around(before, bytes, after),
          ],
          {
            id: `${pid}:${at}`,
            place: { page: 'hex', subject: String(pid), at },
          },
        ),
      );
    });
    const late = stopped > 0 ? `; given up in ${stopped} places where the expression took too long` : '';
    update(rows.content(`${rows.count} found${endText(outcome, done, total)}${late}`));
  });
  return rows.content('searching');
}

async function stringContent(workspace: Workspace, pid: number, context: LoadContext): Promise<Content> {
  const { space } = await (await workspace.checkpoint.memory()).process(pid);
  const columns: readonly OutlineColumn[] = [
    { header: 'ADDRESS', align: 'right' },
    { header: 'STRING', squeeze: 1 },
  ];
  const rows = new GrowingRows(columns, 'no strings');
  context.goOn(async (update) => {
    const found = findStrings(space, { encoding: 'ascii', min: STRING_MIN, signal: context.signal });
    const outcome = await drain(found, context.signal, ({ address, text }) => {
      const at = formatAddress(address);
      const more = rows.add(
        leaf([at, text.slice(0, TEXT_KEPT)], {
          id: at,
          place: { page: 'hex', subject: String(pid), tab: 'hex', at },
        }),
      );
      if (rows.due()) update(rows.content(`${rows.count} strings so far, at ${at}; Esc stops`));
      return more;
    });
    const end = { done: '', full: ', and more: stopped at the limit', stopped: ', stopped' }[outcome];
    update(rows.content(`${rows.count} strings of ${STRING_MIN} characters or more${end}`));
  });
  return rows.content('reading');
}

/** Takes all of a search, in turns with keys and drawing, until it is stopped or there is no room. */
async function drain<T>(
  found: AsyncIterable<T>,
  signal: AbortSignal,
  take: (each: T) => boolean,
): Promise<'done' | 'full' | 'stopped'> {
  let turn = performance.now();
  try {
    for await (const each of found) {
      if (!take(each)) return 'full';
      if (performance.now() - turn < 8) continue;
      await breathe();
      turn = performance.now();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return signal.aborted ? 'stopped' : 'done';
}

/** Rows that come in one after the other; each content is what there is at that moment. */
class GrowingRows {
  readonly #rows: Item[] = [];
  readonly #columns: readonly OutlineColumn[];
  readonly #empty: string;
  #last = 0;

  constructor(columns: readonly OutlineColumn[], empty: string) {
    this.#columns = columns;
    this.#empty = empty;
  }

  get count(): number {
    return this.#rows.length;
  }

  /** Whether there is room for more. */
  add(row: Item): boolean {
    this.#rows.push(row);
    return this.#rows.length < ROWS_MOST;
  }

  /** Whether it is time to show what has come. */
  due(): boolean {
    const now = performance.now();
    if (now - this.#last < UPDATE_MS) return false;
    this.#last = now;
    return true;
  }

  content(note: string): OutlineContent {
    const rows = this.#rows;
    return {
      kind: 'outline',
      columns: this.#columns,
      root: { cells: [], count: rows.length, child: (index) => rows[index] ?? leaf([]) },
      empty: this.#empty,
      note,
    };
  }
}

function progressText(count: number, done: number, total: number): string {
  return `${count} found so far, ${formatSize(done)} of ${formatSize(total)} searched; Esc stops`;
}

function endText(outcome: 'done' | 'full' | 'stopped', done: number, total: number): string {
  if (outcome === 'done') return ` in ${formatSize(total)}`;
  if (outcome === 'full') return ', and more: stopped at the limit';
  return `, stopped after ${formatSize(done)} of ${formatSize(total)}`;
}

/** A match with what is around it, one character a byte, what does not print as dots. */
function around(before: Uint8Array, bytes: Uint8Array, after: Uint8Array): string {
  const text = Buffer.concat([before, bytes.subarray(0, TEXT_KEPT), after]).toString('latin1');
  return text.replaceAll(/[^\x20-\x7e]/g, '.');
}
