import { readEntry } from '../../archive/archive.js';
import { decodeText } from '../../base/text.js';
import { type ProcessNode, processTree } from '../../checkpoint/process-list.js';
import { VIEWS } from '../../views/registry.js';
import type { Item, OutlineContent } from '../core/outline.js';
import type { PageSpec } from '../core/state.js';
import { EMPTY, leaf, listContent, openPaths, proseContent, rowItem, shownColumns, title } from './items.js';
import { jsonContent } from './json-tree.js';
import { TEXT_MOST, treeJson, withoutMark } from './text.js';
import { numberIn, viewRows, viewTabs } from './view-tab.js';
import type { Workspace } from './workspace.js';

/** Screen 6: mounts, what the engine noted about the container, and what it was asked to run. */
export function mountsPage(workspace: Workspace): PageSpec {
  const json = (name: string) => ({ id: name, title: name, load: () => jsonEntry(workspace, name) });
  return {
    screen: 'mounts',
    title: 'Mounts, annotations, spec',
    tabs: [
      ...viewTabs(workspace, 'mounts', { mounts: (empty) => mountContent(workspace, empty) }),
      { id: 'annotations', title: 'annotations', load: () => annotationContent(workspace) },
      json('spec.dump'),
      json('config.dump'),
    ],
  };
}

/** Mounts under the mounts that they are mounted on. */
async function mountContent(workspace: Workspace, empty: string): Promise<OutlineContent> {
  const { view, rows } = await viewRows(workspace, VIEWS.mounts);
  const columns = shownColumns(view.columns);
  const things = rows.map((row, index) => ({
    row,
    pid: numberIn(row, 'id') ?? -1 - index,
    ppid: numberIn(row, 'parent') ?? Number.NaN,
  }));
  type Node = ProcessNode<(typeof things)[number]>;
  const item = ({ item: { row }, children }: Node): Item => ({
    ...rowItem(columns, row, view.columns),
    count: children.length,
    child: (index) => {
      const below = children[index];
      return below === undefined ? EMPTY : item(below);
    },
  });
  const roots = processTree(things);
  const root: Item = {
    cells: [],
    count: roots.length,
    child: (index) => {
      const node = roots[index];
      return node === undefined ? EMPTY : item(node);
    },
  };
  return {
    kind: 'outline',
    columns: columns.map(({ header, align, squeeze }) => ({ header, align, squeeze })),
    root,
    open: openPaths(root, 1000),
    empty,
  };
}

async function annotationContent(workspace: Workspace): Promise<OutlineContent> {
  const { annotations, labels } = await workspace.checkpoint.container();
  const rows = (map: ReadonlyMap<string, string>): Item[] =>
    [...map].map(([name, value]) => leaf([name, value], { copy: value }));
  const items = [...rows(annotations), ...(labels.size > 0 ? [title('Labels'), ...rows(labels)] : [])];
  const columns = [
    { header: 'NAME', squeeze: 2 },
    { header: 'VALUE', squeeze: 1 },
  ];
  return listContent(columns, items, 'the engine noted no annotations');
}

async function jsonEntry(workspace: Workspace, name: string): Promise<OutlineContent> {
  const entry = await workspace.archive.find(name);
  if (entry === undefined) return proseContent([], { empty: `this archive has no ${name}` });
  const text = withoutMark(decodeText(await readEntry(workspace.archive, entry, TEXT_MOST)));
  const value = treeJson(text);
  if (value === undefined) return proseContent(text.split('\n'), { note: `${name} is no valid JSON` });
  return jsonContent(value, 'empty');
}
