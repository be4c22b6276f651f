import { type ProcessNode, processTree } from '../../checkpoint/process-list.js';
import { cellText } from '../../render/table.js';
import { type PsRow, psRow, psView } from '../../views/ps.js';
import type { Item, OutlineContent } from '../core/outline.js';
import type { LoadContext, PageSpec } from '../core/state.js';
import { breathe } from '../core/walk.js';
import { EMPTY, openPaths } from './items.js';
import type { Workspace } from './workspace.js';

/** Screen 2: who started whom. */
export function processesPage(workspace: Workspace): PageSpec {
  return {
    screen: 'processes',
    title: 'Processes',
    side: true,
    tabs: [{ id: 'tree', title: 'tree', load: (context) => processContent(workspace, context) }],
  };
}

async function processContent(workspace: Workspace, context: LoadContext): Promise<OutlineContent> {
  const { checkpoint } = workspace;
  const processes = await checkpoint.processes();
  const rows: PsRow[] = [];
  for (const process of processes) {
    rows.push(await psRow(checkpoint, process, {}));
    if (rows.length % 64 !== 0) continue;
    context.signal.throwIfAborted();
    context.progress(rows.length, processes.length);
    await breathe();
  }
  const roots = processTree(rows);
  const root: Item = { cells: [], count: roots.length, child: (index) => nodeItem(roots[index]) };
  return {
    kind: 'outline',
    columns: [
      { header: 'PROCESS', squeeze: 1 },
      { header: 'PID', align: 'right' },
      { header: 'UID', align: 'right' },
      { header: 'STATE' },
      { header: 'COMMAND', squeeze: 2 },
    ],
    root,
    open: openPaths(root, OPEN_ROWS),
    empty: 'no processes in this archive',
  };
}

function nodeItem(node: ProcessNode<PsRow> | undefined): Item {
  if (node === undefined) return EMPTY;
  const { item: row, children } = node;
  const command = row.command ?? (row.state === 'zombie' ? '(zombie)' : '(not in the archive)');
  const known = row.exe !== null && command.startsWith(row.exe);
  const note = row.exeDeleted ? ` (deleted${known ? '' : ` ${row.exe}`})` : '';
  return {
    cells: [row.comm, String(row.pid), row.uid === null ? '' : String(row.uid), row.state, command + note],
    count: children.length,
    child: (index) => nodeItem(children[index]),
    id: String(row.pid),
    tone: row.exeDeleted ? 'bad' : row.state === 'zombie' ? 'dim' : undefined,
    mark: row.exeDeleted ? '!' : undefined,
    place: { page: 'process', subject: String(row.pid) },
    facts: () => psView.columns.map((column) => [column.header, cellText(column, row)] as const),
    copy: `${row.pid} ${command}`,
  };
}

/** A process tree is shown open, but no more of it than a person scrolls through. */
const OPEN_ROWS = 5000;
