import { append } from '../base/append.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { TreeNode } from '../render/table.js';
import { envView } from './env.js';
import { filesView } from './files.js';
import { mapsView } from './maps.js';
import { type PsRow, psLabel, psView } from './ps.js';
import { socketsView } from './sockets.js';
import { jsonNumber, type Question, type ViewOptions, words } from './view.js';

export type DiffRow = {
  readonly area: string;
  readonly change: 'added' | 'removed' | 'changed';
  readonly pid: number | null;
  readonly item: string;
  readonly before: string | number | null;
  readonly after: string | number | null;
};

/** What changed between two checkpoints: `diffCheckpoints` has the rows. */
export const diffQuestion: Question<DiffRow> = {
  name: 'diff',
  summary: 'what changed between two checkpoints',
  examples: [
    'coldcase diff monday.tar tuesday.tar --format tree',
    'coldcase diff monday.tar tuesday.tar --filter area=environment --json',
  ],
  columns: [
    {
      key: 'area',
      header: 'AREA',
      about: 'process, file, socket, mapping, environment, root file system or memory',
    },
    { key: 'change', header: 'CHANGE', about: 'added, removed or changed' },
    { key: 'pid', header: 'PID', align: 'right', about: 'process id; null for the root file system' },
    {
      key: 'item',
      header: 'ITEM',
      squeeze: 1,
      about: 'what changed: a field, a descriptor, an address, a variable, a path',
    },
    {
      key: 'before',
      header: 'BEFORE',
      squeeze: 2,
      about: 'in the first checkpoint; null when it was not there',
    },
    {
      key: 'after',
      header: 'AFTER',
      squeeze: 3,
      about: 'in the second checkpoint; null when it is not there',
    },
  ],
  tree: (rows) => diffTree(rows),
};

/** Facts by what they are about: a key that both checkpoints share. */
interface Fact {
  readonly pid: number | null;
  readonly item: string;
  readonly value: string | number;
}

/**
 * What changed from one checkpoint to another. Processes are the same when their PIDs are, files and sockets when
 * PID and descriptor are, mappings when PID and first address are.
 *
 * @throws NotFoundError when `pid` is asked for and neither checkpoint has such a process
 */
export async function diffCheckpoints(
  before: Checkpoint,
  after: Checkpoint,
  { pid, note }: ViewOptions = {},
): Promise<readonly DiffRow[]> {
  const rows = [...compareProcesses(await psView.rows(before, { note }), await psView.rows(after, { note }))];
  for (const [area, facts] of Object.entries(AREAS)) {
    append(rows, compare(area, await facts(before, { note }), await facts(after, { note })));
  }
  if (pid === undefined) return rows;
  if (!(await before.processes()).some((process) => process.pid === pid)) await after.select(pid);
  return rows.filter((row) => row.pid === pid);
}

/** Changes as a tree: areas, then processes, then what changed. */
function diffTree(rows: readonly DiffRow[]): readonly TreeNode[] {
  const areas = [...new Set(rows.map(({ area }) => area))];
  return areas.map((area) => {
    const own = rows.filter((row) => row.area === area);
    return {
      label: `${area}: ${own.length} changes`,
      children: own.map((row) => ({ label: label(row), children: [] })),
    };
  });
}

function label({ change, pid, item, before, after }: DiffRow): string {
  const sign = { added: '+', removed: '-', changed: '~' }[change];
  const value = change === 'changed' ? `${before} -> ${after}` : String(after ?? before ?? '');
  return words(sign, pid !== null && `[${pid}]`, `${item}:`, value);
}

type Facts = (checkpoint: Checkpoint, options: ViewOptions) => Promise<readonly Fact[]>;

const AREAS: Readonly<Record<string, Facts>> = {
  file: async (checkpoint, options) =>
    (await filesView.rows(checkpoint, options)).flatMap((row) => [
      {
        pid: row.pid,
        item: String(row.fd),
        value: words(row.type, row.path, row.deleted && '(deleted)', row.detail),
      },
      ...(row.position === null || row.position === 0
        ? []
        : [{ pid: row.pid, item: `${row.fd} offset`, value: row.position }]),
    ]),
  socket: async (checkpoint, options) =>
    (await socketsView.rows(checkpoint, options)).map((row) => ({
      pid: row.pid,
      item: row.fd === null ? `inode ${row.inode}` : String(row.fd),
      value: words(
        row.protocol,
        row.state,
        row.local,
        row.remote !== null && `-> ${row.remote}`,
        row.receiveQueue > 0 && `${row.receiveQueue} bytes not read`,
        row.sendQueue > 0 && `${row.sendQueue} bytes not acknowledged`,
      ),
    })),
  mapping: async (checkpoint, options) =>
    (await mapsView.rows(checkpoint, options)).map((row) => ({
      pid: row.pid,
      item: row.start,
      value: words(`to ${row.end}`, row.perms, row.kind, row.path, row.deleted && '(deleted)'),
    })),
  environment: async (checkpoint, options) =>
    (await envView.rows(checkpoint, options)).map(({ pid, name, value }) => ({ pid, item: name, value })),
  'root file system': rootFsFacts,
  memory: memoryFacts,
};

const PROCESS_FIELDS = ['ppid', 'comm', 'state', 'command', 'exe', 'exeDeleted', 'uid'] as const;

/** A process that is new or gone is one row; of one that stayed, each field that changed. */
function compareProcesses(before: readonly PsRow[], after: readonly PsRow[]): readonly DiffRow[] {
  const area = 'process';
  const [old, now] = [
    new Map(before.map((row) => [row.pid, row])),
    new Map(after.map((row) => [row.pid, row])),
  ];
  const rows: DiffRow[] = [];
  for (const [pid, row] of old) {
    const other = now.get(pid);
    if (other === undefined) {
      rows.push({ area, change: 'removed', pid, item: 'process', before: psLabel(row), after: null });
      continue;
    }
    for (const item of PROCESS_FIELDS) {
      const [was, is] = [row[item], other[item]];
      if (was !== is) rows.push({ area, change: 'changed', pid, item, before: text(was), after: text(is) });
    }
  }
  for (const [pid, row] of now) {
    if (!old.has(pid))
      rows.push({ area, change: 'added', pid, item: 'process', before: null, after: psLabel(row) });
  }
  return rows;
}

function text(value: string | number | boolean | null): string | number | null {
  return typeof value === 'boolean' ? String(value) : value;
}

async function rootFsFacts(checkpoint: Checkpoint): Promise<readonly Fact[]> {
  const changed = [...(await checkpoint.rootFsDiff())].map(([path, entry]) => ({
    pid: null,
    item: path,
    value: words(
      entry.type,
      `mode ${entry.mode.toString(8).padStart(4, '0')}`,
      entry.linkName === undefined ? `${entry.size} bytes` : `-> ${entry.linkName}`,
      `owner ${entry.uid}:${entry.gid}`,
      `modified ${entry.mtime}`,
    ),
  }));
  const { deletedFiles } = await checkpoint.container();
  return [...changed, ...deletedFiles.map((path) => ({ pid: null, item: path, value: 'deleted' }))];
}

async function memoryFacts(checkpoint: Checkpoint): Promise<readonly Fact[]> {
  const facts: Fact[] = [];
  for (const process of await checkpoint.processes()) {
    if (process.state === 'zombie') continue;
    const usage = await checkpoint.memoryUsage(process);
    facts.push({ pid: process.pid, item: 'mapped bytes', value: jsonNumber(usage.mapped) });
    facts.push({ pid: process.pid, item: 'pages', value: jsonNumber(usage.pages) });
  }
  return facts;
}

function compare(area: string, before: readonly Fact[], after: readonly Fact[]): readonly DiffRow[] {
  const [old, now] = [byKey(before), byKey(after)];
  const rows: DiffRow[] = [];
  for (const [key, fact] of old) {
    const other = now.get(key);
    if (other?.value === fact.value) continue;
    const change = other === undefined ? 'removed' : 'changed';
    rows.push({
      area,
      change,
      pid: fact.pid,
      item: fact.item,
      before: fact.value,
      after: other?.value ?? null,
    });
  }
  for (const [key, fact] of now) {
    if (old.has(key)) continue;
    rows.push({ area, change: 'added', pid: fact.pid, item: fact.item, before: null, after: fact.value });
  }
  return rows;
}

/** A key that comes twice (a variable that was set twice) is told apart by its turn. */
function byKey(facts: readonly Fact[]): ReadonlyMap<string, Fact> {
  const found = new Map<string, Fact>();
  const turns = new Map<string, number>();
  for (const fact of facts) {
    const base = `${fact.pid}\0${fact.item}`;
    const turn = turns.get(base) ?? 0;
    turns.set(base, turn + 1);
    found.set(`${base}\0${turn}`, fact);
  }
  return found;
}
