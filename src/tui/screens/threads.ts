import { formatAddress } from '../../base/units.js';
import type { CoreEntry } from '../../criu/schema/core.js';
import type { Row } from '../../render/table.js';
import { VIEWS } from '../../views/registry.js';
import type { Item, OutlineContent } from '../core/outline.js';
import { branch, EMPTY, leaf, rowItem, shownColumns } from './items.js';
import { numberIn, viewRows } from './view-tab.js';
import type { Workspace } from './workspace.js';

/** The threads of a process, and below each its registers. */
export async function threadContent(
  workspace: Workspace,
  pid: number,
  empty: string,
): Promise<OutlineContent> {
  const { view, rows } = await viewRows(workspace, VIEWS.threads, pid);
  const columns = shownColumns(view.columns).filter(({ key }) => key !== 'pid');
  const items: Item[] = [];
  for (const row of rows) {
    const core = await coreOf(workspace, row);
    items.push({ ...rowItem(columns, row, view.columns), ...registersBelow(core, pid) });
  }
  return {
    kind: 'outline',
    columns: columns.map(({ header, align, squeeze }, at) => ({
      header,
      align: at === 0 ? 'left' : align,
      squeeze,
    })),
    root: branch([], items),
    open: items.length === 1 ? [[0]] : [],
    empty,
    note: 'unfold a thread to see its registers',
  };
}

async function coreOf(workspace: Workspace, row: Row): Promise<CoreEntry | undefined> {
  const tid = numberIn(row, 'tid');
  return tid === undefined ? undefined : workspace.checkpoint.images.first('CORE', `core-${tid}`);
}

/** General registers as the architecture names them; those that hold an address lead into memory. */
function registersBelow(core: CoreEntry | undefined, pid: number): Pick<Item, 'count' | 'child'> {
  const registers = core?.thread_info?.gpregs ?? core?.ti_aarch64?.gpregs;
  const items = Object.entries(registers ?? {}).flatMap(([name, value]: [string, unknown]) => {
    if (Array.isArray(value))
      return value.map((each: unknown, at) => registerItem(`${name}${at}`, each, pid));
    return [registerItem(name, value, pid)];
  });
  return { count: items.length, child: (index) => items[index] ?? EMPTY };
}

function registerItem(name: string, value: unknown, pid: number): Item {
  if (typeof value !== 'bigint' && typeof value !== 'number') return leaf([`${name} ${String(value)}`]);
  const text = formatAddress(BigInt(value));
  return leaf([`${name.padEnd(8)} ${text}`], {
    copy: text,
    place: { page: 'hex', subject: String(pid), at: text },
  });
}
