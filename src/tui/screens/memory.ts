import { formatAddress, formatSize } from '../../base/units.js';
import type { Mapping } from '../../checkpoint/mappings.js';
import type { Process } from '../../checkpoint/process-list.js';
import type { AddressSpace } from '../../criu/address-space.js';
import type { Item, OutlineContent } from '../core/outline.js';
import type { LoadContext, PageSpec } from '../core/state.js';
import { breathe } from '../core/walk.js';
import { branch, leaf } from './items.js';
import { foundContent, stringContent } from './memory-found.js';
import { memoryHex } from './memory-hex.js';
import type { Workspace } from './workspace.js';

/** Screen 3: whose memory there is, by mappings. */
export function memoryPage(workspace: Workspace): PageSpec {
  return {
    screen: 'memory',
    title: 'Memory: Enter opens a mapping',
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
