import { NotFoundError } from '../../base/errors.js';
import type { Process } from '../../checkpoint/process-list.js';
import { cellText, type Row } from '../../render/table.js';
import { psRow } from '../../views/ps.js';
import { VIEWS } from '../../views/registry.js';
import type { ViewEntry } from '../../views/view.js';
import type { Item, OutlineContent } from '../core/outline.js';
import type { Place } from '../core/place.js';
import type { PageSpec, TabSpec } from '../core/state.js';
import { leaf, listContent, title } from './items.js';
import { type Held, objectsOf } from './recovered.js';
import { threadContent } from './threads.js';
import { numberIn, type RowLook, textIn, viewContent, viewRows, viewTabs } from './view-tab.js';
import type { Workspace } from './workspace.js';

/** One process, in tabs. */
export function processPage(workspace: Workspace, subject: string): PageSpec {
  const pid = Number(subject);
  const tab = (id: string, load: TabSpec['load']): TabSpec => ({ id, title: id, load });
  const list = (view: ViewEntry, empty: string, look: RowLook): Promise<OutlineContent> =>
    viewContent(workspace, view, { pid, empty, ...look });
  return {
    screen: 'processes',
    title: `Process ${workspace.processName(subject)}`,
    tabs: [
      tab('command', () => commandContent(workspace, pid)),
      ...viewTabs(
        workspace,
        'process',
        {
          files: async (empty) => {
            const held = await objectsOf(workspace, pid);
            return list(VIEWS.files, empty, { describe: (row) => fileItem(row, held) });
          },
          sockets: (empty) => list(VIEWS.sockets, empty, { describe: socketItem }),
          maps: (empty) => list(VIEWS.maps, empty, { describe: mappingItem }),
          threads: (empty) => threadContent(workspace, pid, empty),
          creds: (empty) => rightsContent(workspace, pid, empty),
          signals: (empty) => list(VIEWS.signals, empty, { describe: signalItem, first: isTelling }),
        },
        pid,
      ),
      tab('namespaces', () => namespaceContent(workspace, pid)),
    ],
  };
}

const FIELDS = [{ header: 'FIELD' }, { header: 'VALUE', squeeze: 1 }];

/** What it runs, and with which arguments and environment. */
async function commandContent(workspace: Workspace, pid: number): Promise<OutlineContent> {
  const { checkpoint } = workspace;
  const process = await processOf(workspace, pid);
  const row = await psRow(checkpoint, process, {});
  const held = row.exeDeleted ? await objectsOf(workspace, pid) : new Map<string, Held>();
  const fact = (name: string, text: string, more: Partial<Item> = {}): Item => ({
    ...leaf([name, text]),
    copy: text,
    ...more,
  });
  const exe = row.exe === null ? '' : row.exe + (row.exeDeleted ? ' (deleted)' : '');
  const parent: Partial<Item> = row.ppid > 0 ? { place: { page: 'process', subject: String(row.ppid) } } : {};
  const items = [
    fact('name', row.comm),
    fact('state', row.exitCode === null ? row.state : `${row.state}, exit status ${row.exitCode}`),
    fact('executable', exe, row.exeDeleted ? { tone: 'bad', mark: '!', ...held.get('exe') } : {}),
    fact('parent', String(row.ppid), parent),
    fact('group, session', `${row.pgid}, ${row.sid}`),
    fact('threads', String(row.threads)),
    title('Arguments'),
    ...(row.args ?? []).map((arg, at) => fact(`[${at}]`, arg)),
    ...(row.args === null
      ? [leaf(['', row.state === 'zombie' ? '(none: a zombie)' : '(not in the archive)'], { tone: 'dim' })]
      : []),
    title('Environment'),
  ];
  const { view, rows, notes } = await viewRows(workspace, VIEWS.env, pid);
  const alertOf = view.columns.find(({ key }) => key === 'name');
  for (const variable of rows) {
    const alert = alertOf?.alert?.(variable) === true;
    const name = textIn(variable, 'name') ?? '';
    items.push(fact(name, textIn(variable, 'value') ?? '', alert ? { tone: 'bad', mark: '!' } : {}));
  }
  const more = notes.length === 0 ? {} : { note: notes.join('; ') };
  return listContent(FIELDS, items, '', more);
}

/** Credentials and capabilities: the one row of that view, field by field. */
async function rightsContent(workspace: Workspace, pid: number, empty: string): Promise<OutlineContent> {
  await processOf(workspace, pid);
  const { view, rows } = await viewRows(workspace, VIEWS.creds, pid);
  const items = rows.flatMap((row) =>
    view.columns.map((column) => {
      const text = cellText(column, row);
      const alert = column.alert?.(row) === true;
      return leaf([column.header.toLowerCase(), text], alert ? { tone: 'bad', mark: '!' } : {});
    }),
  );
  return listContent(FIELDS, items, empty);
}

async function namespaceContent(workspace: Workspace, pid: number): Promise<OutlineContent> {
  const { checkpoint } = workspace;
  const process = await processOf(workspace, pid);
  const namespaces = (await checkpoint.namespaces(process)).map(({ type, id, shared }) =>
    leaf([type, `${id}${shared ? ", the node's own" : ''}`], shared ? { tone: 'warn', mark: '?' } : {}),
  );
  const groups = (await checkpoint.cgroups(process)).map(({ controller, path }) =>
    leaf([controller === '' ? 'unified' : controller, path]),
  );
  return listContent(FIELDS, [...namespaces, title('Control groups'), ...groups], 'none');
}

async function processOf(workspace: Workspace, pid: number): Promise<Process> {
  const [process] = await workspace.checkpoint.select(pid);
  if (process === undefined) throw new NotFoundError(`there is no process ${pid}`);
  return process;
}

/** A descriptor is found by its number. What only it keeps alive is where Enter goes, and can be extracted. */
function fileItem(row: Row, held: ReadonlyMap<string, Held>): Partial<Item> {
  const fd = String(row['fd']);
  const object = held.get(fd);
  return object === undefined ? { id: fd } : { id: fd, place: object.place, extract: object.extract };
}

/** A socket's other end, if the checkpoint has it, is where Enter goes. */
function socketItem(row: Row): Partial<Item> {
  const fd = numberIn(row, 'fd');
  const peer = row['peer'];
  const id = fd === undefined ? {} : { id: String(fd) };
  if (typeof peer !== 'object' || peer === null || !('pid' in peer) || !('fd' in peer)) return id;
  return {
    ...id,
    place: { page: 'process', subject: String(peer['pid']), tab: 'sockets', at: String(peer['fd']) },
  };
}

function mappingItem(row: Row): Partial<Item> {
  const [pid, start] = [numberIn(row, 'pid'), textIn(row, 'start')];
  if (pid === undefined || start === undefined) return {};
  const place: Place = { page: 'hex', subject: String(pid), at: start };
  return { id: start, place };
}

function signalItem(row: Row): Partial<Item> {
  return isTelling(row) ? {} : { tone: 'dim' };
}

/** Signals that something is done about, or that wait. */
function isTelling(row: Row): boolean {
  return row['action'] !== 'default' || row['blocked'] === true || row['pending'] !== 0;
}
