import type { Row } from '../../render/table.js';
import { VIEWS } from '../../views/registry.js';
import type { Item, OutlineContent } from '../core/outline.js';
import type { PageSpec } from '../core/state.js';
import { branch, rowItem, shownColumns } from './items.js';
import { numberIn, textIn, viewRows, viewTabs } from './view-tab.js';
import type { Workspace } from './workspace.js';

/** Screen 5: who talks with whom, and over what. */
export function networkPage(workspace: Workspace): PageSpec {
  return {
    screen: 'network',
    title: 'Network',
    tabs: viewTabs(workspace, 'network', {
      sockets: (empty) => socketContent(workspace, empty),
      network: (empty) => interfaceContent(workspace, empty),
    }),
  };
}

/** What is connected matters more than what waits to be. */
const STATES = ['ESTABLISHED', 'SYN_SENT', 'SYN_RECV', 'CLOSE_WAIT', 'FIN_WAIT1', 'FIN_WAIT2', 'LISTEN'];

/** The sockets of all processes, grouped by state; internet ones before the rest. */
async function socketContent(workspace: Workspace, empty: string): Promise<OutlineContent> {
  const { view, rows } = await viewRows(workspace, VIEWS.sockets);
  const processes = await workspace.checkpoint.processes();
  const names = new Map(processes.map(({ pid, comm }) => [pid, comm]));
  const columns = shownColumns(view.columns).filter(({ key }) => !['pid', 'state', 'peer'].includes(key));
  const item = (row: Row): Item => {
    const own = rowItem(columns, row, view.columns, place(row));
    const pid = numberIn(row, 'pid');
    const owner = pid === undefined ? '(nobody)' : `${pid} ${names.get(pid) ?? ''}`;
    return { ...own, cells: [owner, ...own.cells], tones: [undefined, ...(own.tones ?? [])] };
  };
  const groups = grouped(rows, (row) => textIn(row, 'state') ?? '').sort(
    ([a], [b]) => rank(a) - rank(b) || a.localeCompare(b),
  );
  const items = groups.map(([state, members]) =>
    branch([`${state} (${members.length})`], [...members].sort(byFamily).map(item), { tone: 'strong' }),
  );
  return {
    kind: 'outline',
    columns: [
      { header: 'PROCESS', squeeze: 4 },
      ...columns.map(({ header, align, squeeze }) => ({ header, align, squeeze })),
    ],
    root: branch([], items),
    open: items.map((_, at) => [at]),
    empty,
  };
}

function place(row: Row): Partial<Item> {
  const [pid, fd] = [numberIn(row, 'pid'), numberIn(row, 'fd')];
  if (pid === undefined) return {};
  const at = fd === undefined ? {} : { at: String(fd) };
  return {
    id: `${pid}:${fd ?? ''}`,
    place: { page: 'process', subject: String(pid), tab: 'sockets', ...at },
  };
}

function rank(state: string): number {
  const at = STATES.indexOf(state);
  return at < 0 ? STATES.length : at;
}

const INTERNET = /^(tcp|udp|raw|sctp|icmp)/;

function byFamily(a: Row, b: Row): number {
  const family = (row: Row): number => (INTERNET.test(textIn(row, 'protocol') ?? '') ? 0 : 1);
  return family(a) - family(b);
}

/** Devices, addresses, routes, rules and firewall, each kind under a heading of its own. */
async function interfaceContent(workspace: Workspace, empty: string): Promise<OutlineContent> {
  const { view, rows } = await viewRows(workspace, VIEWS.network);
  const columns = shownColumns(view.columns).filter(({ key }) => !['namespace', 'kind'].includes(key));
  const items = grouped(
    rows,
    (row) => `network namespace ${numberIn(row, 'namespace')}: ${textIn(row, 'kind')}`,
  ).map(([kind, members]) =>
    branch(
      [`${kind} (${members.length})`],
      members.map((row) => rowItem(columns, row, view.columns)),
      { tone: 'strong' },
    ),
  );
  return {
    kind: 'outline',
    columns: columns.map(({ header, align, squeeze }) => ({ header, align, squeeze: (squeeze ?? 0) + 1 })),
    root: branch([], items),
    open: items.map((_, at) => [at]),
    empty,
  };
}

function grouped(rows: readonly Row[], keyOf: (row: Row) => string): [string, Row[]][] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = keyOf(row);
    const members = groups.get(key) ?? [];
    members.push(row);
    groups.set(key, members);
  }
  return [...groups];
}
