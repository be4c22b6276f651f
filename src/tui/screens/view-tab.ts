import type { Row } from '../../render/table.js';
import { VIEWS, type ViewName } from '../../views/registry.js';
import type { AnyView } from '../../views/view.js';
import type { Item, OutlineContent } from '../core/outline.js';
import { shownColumns, tableContent } from './items.js';
import type { Workspace } from './workspace.js';

export interface ViewTabOptions {
  readonly pid?: number;
  /** Columns that say the same in every row here. */
  readonly without?: readonly string[];
  readonly empty: string;
  /** Where a row leads, by which it is found, what can be extracted. */
  readonly describe?: (row: Row) => Partial<Item>;
  /** Rows that come before the others. */
  readonly first?: (row: Row) => boolean;
}

/** The rows that a command of the same name prints, as a list. */
export async function viewContent(
  workspace: Workspace,
  name: ViewName,
  options: ViewTabOptions,
): Promise<OutlineContent> {
  const { view, rows, notes } = await viewRows(workspace, name, options.pid);
  const columns = shownColumns(view.columns).filter(({ key }) => options.without?.includes(key) !== true);
  const more = notes.length === 0 ? {} : { note: notes.join('; ') };
  const { first } = options;
  const sorted = first === undefined ? rows : [...rows.filter(first), ...rows.filter((row) => !first(row))];
  return tableContent(columns, sorted, options.empty, view.columns, options.describe, more);
}

/** A view's rows and what it noted beside them. */
export async function viewRows(
  workspace: Workspace,
  name: ViewName,
  pid: number | undefined,
): Promise<{ view: AnyView; rows: readonly Row[]; notes: readonly string[] }> {
  const view: AnyView = await VIEWS[name].load();
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
