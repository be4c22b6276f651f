import type { Row } from '../../render/table.js';
import { VIEWS } from '../../views/registry.js';
import type { AnyView, ViewEntry, ViewTab } from '../../views/view.js';
import type { Item, OutlineContent } from '../core/outline.js';
import type { TabSpec } from '../core/state.js';
import { shownColumns, tableContent } from './items.js';
import type { Workspace } from './workspace.js';

/** What a tab shows, given what the view says where there are no rows. */
type LoadTab = (empty: string) => Promise<OutlineContent>;

/**
 * The tabs of the views that say that they belong on a page, called as they say. Those that are shown there in a way of
 * their own come first, in the order of `own`; each of the others is the list of its rows.
 *
 * @param pid - whose rows; those of all processes if absent
 */
export function viewTabs(
  workspace: Workspace,
  page: ViewTab['pages'][number],
  own: Partial<Readonly<Record<keyof typeof VIEWS, LoadTab>>>,
  pid?: number,
): TabSpec[] {
  const loads = new Map(Object.entries(own));
  const views = new Map<string, ViewEntry>(Object.entries(VIEWS));
  const names = new Set([...loads.keys(), ...views.keys()]);
  return [...names].flatMap((id) => {
    const view = views.get(id);
    const tab = view?.tab;
    if (view === undefined || tab?.pages.includes(page) !== true) return [];
    const { title, empty } = tab;
    const load = loads.get(id) ?? (() => viewContent(workspace, view, { pid, empty }));
    return { id, title, load: () => load(empty) };
  });
}

/** What a list of a view's rows has beyond them. */
export interface RowLook {
  /** Where a row leads, by which it is found, what can be extracted. */
  readonly describe?: (row: Row) => Partial<Item>;
  /** Rows that come before the others. */
  readonly first?: (row: Row) => boolean;
}

interface ViewContentOptions extends RowLook {
  /** Whose rows; the columns that say whose they are are left out then. */
  readonly pid?: number | undefined;
  readonly empty: string;
}

/** The rows that a command of the same name prints, as a list. */
export async function viewContent(
  workspace: Workspace,
  entry: ViewEntry,
  { pid, empty, describe, first }: ViewContentOptions,
): Promise<OutlineContent> {
  const { view, rows, notes } = await viewRows(workspace, entry, pid);
  const without = pid === undefined ? [] : ['pid', 'comm'];
  const columns = shownColumns(view.columns).filter(({ key }) => !without.includes(key));
  const more = notes.length === 0 ? {} : { note: notes.join('; ') };
  const sorted = first === undefined ? rows : [...rows.filter(first), ...rows.filter((row) => !first(row))];
  return tableContent(columns, sorted, empty, view.columns, describe, more);
}

/** A view's rows and what it noted beside them. */
export async function viewRows(
  workspace: Workspace,
  entry: ViewEntry,
  pid?: number,
): Promise<{ view: AnyView; rows: readonly Row[]; notes: readonly string[] }> {
  const view = await entry.load();
  const notes: string[] = [];
  const rows = await view.rows(workspace.checkpoint, { pid, note: (text) => notes.push(text) });
  return { view, rows, notes };
}

/** A field of a row as a number, if it is one. */
export function numberIn(row: Row, key: string): number | undefined {
  const value = row[key];
  return typeof value === 'number' ? value : undefined;
}

/** A field of a row as text, if it is one. */
export function textIn(row: Row, key: string): string | undefined {
  const value = row[key];
  return typeof value === 'string' ? value : undefined;
}
