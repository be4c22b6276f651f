import { formatSize } from '../../base/units.js';
import type { Item, OutlineContent } from '../core/outline.js';
import type { LoadContext, PageSpec, TabSpec } from '../core/state.js';
import { leaf, proseContent } from './items.js';
import { longText } from './long-text.js';
import { readLines, WHOLE_MOST } from './text.js';
import type { Workspace } from './workspace.js';

/** Where the engines put the container's own log: Podman, then the kubelet's engines. */
const CONTAINER_LOGS = ['ctr.log', 'container.log'] as const;

/** Screen 8: what CRIU said while it dumped, and what the container said. */
export function logsPage(workspace: Workspace): PageSpec {
  const tab = (
    id: string,
    title: string,
    names: readonly string[],
    mark: (line: string) => Item,
  ): TabSpec => ({
    id,
    title,
    load: (context) => logContent(workspace, names, mark, context),
  });
  return {
    screen: 'logs',
    title: 'Logs',
    tabs: [
      tab('dump', 'dump.log', ['dump.log', 'checkpoint/dump.log'], dumpLine),
      tab('container', 'container log', CONTAINER_LOGS, (line) => leaf([line])),
    ],
  };
}

async function logContent(
  workspace: Workspace,
  names: readonly string[],
  mark: (line: string) => Item,
  context: LoadContext,
): Promise<OutlineContent> {
  for (const name of names) {
    const entry = await workspace.archive.find(name);
    if (entry === undefined) continue;
    const source = workspace.archive.open(entry);
    if (source.size > WHOLE_MOST) return longText(source, context, mark, name);
    const lines = await readLines(source, context);
    const items = lines.map(mark);
    const warnings = items.filter((item) => item.mark !== undefined).length;
    const notes = [
      `${name}, ${formatSize(entry.size)}`,
      ...(warnings > 0 ? [`${warnings} lines marked: ! error, ? warning`] : []),
    ];
    return proseContent(items, { note: notes.join('; '), empty: `${name} is empty` });
  }
  return proseContent([], {
    empty: `this archive has no ${names[0]}: the engine that made it did not keep one`,
  });
}

/** CRIU begins the text of errors with `Error` and of warnings with `Warn`, after the time (criu/log.c). */
function dumpLine(line: string): Item {
  if (/^(?:\([\d.]+\)\s*)?(?:\d+: )?Error\b/.test(line)) return leaf([line], { mark: '!', tone: 'bad' });
  if (/^(?:\([\d.]+\)\s*)?(?:\d+: )?Warn\b/.test(line)) return leaf([line], { mark: '?', tone: 'warn' });
  return leaf([line]);
}
