import { nestedName } from '../../archive/nested.js';
import { portableJson } from '../../base/spelling.js';
import { formatSize } from '../../base/units.js';
import { cellText } from '../../render/table.js';
import { type FindingsRow, findingsView, ROOTFS_DIFF } from '../../views/findings.js';
import { showRow } from '../../views/show.js';
import type { Item, OutlineContent } from '../core/outline.js';
import type { Place } from '../core/place.js';
import type { PageSpec } from '../core/state.js';
import { leaf, title } from './items.js';
import { liveContent, verificationRows } from './verification.js';
import type { Workspace } from './workspace.js';

/** Screen 1: what this is, and where to look first. */
export function overviewPage(workspace: Workspace): PageSpec {
  return {
    screen: 'overview',
    title: 'Overview',
    side: false,
    tabs: [{ id: 'overview', title: 'overview', load: () => overviewContent(workspace) }],
  };
}

async function overviewContent(workspace: Workspace): Promise<OutlineContent> {
  const { checkpoint, archive } = workspace;
  const notes: string[] = [];
  const row = await showRow(checkpoint);
  const processes = await checkpoint.processes();
  const statistics = await checkpoint.statistics();
  const findings = await findingsView.rows(checkpoint, { note: (text) => notes.push(text) });
  const sockets = await checkpoint.sockets();
  const fact = (name: string, text: string | null | undefined, more: Partial<Item> = {}): Item[] =>
    text === null || text === undefined || text === ''
      ? []
      : [{ ...leaf([name, text]), copy: text, ...more }];
  const go = (place: Place): Partial<Item> => ({ place });
  const pod = [row.namespace, row.pod].filter((part) => part !== null).join('/');
  const threads = processes.reduce((sum, process) => sum + process.threads.length, 0);
  const before = [
    ...fact(
      'container',
      [row.name, row.id].filter((part) => part !== null).join('  '),
      go({ page: 'mounts', tab: 'config.dump' }),
    ),
    ...fact('pod', pod, go({ page: 'mounts', tab: 'annotations' })),
    ...fact('image', row.image),
    ...fact('engine', [row.engine, row.runtime].filter((part) => part !== null).join(', ')),
    ...fact('created', row.created),
    ...fact('checkpointed', row.checkpointed),
    ...(statistics === undefined ? [] : fact('frozen for', frozenText(statistics))),
    ...fact(
      'processes',
      `${processes.length}, ${threads} threads, ${sockets.length} sockets`,
      go({ page: 'processes' }),
    ),
    ...fact('memory', `${formatSize(row.memorySize)} of pages`, go({ page: 'memory' })),
    ...fact('changed files', formatSize(row.rootFsDiffSize), go({ page: 'files', tab: 'rootfs' })),
    ...fact('archive', storedText(workspace)),
  ];
  const after = [
    ...captureItems(workspace),
    title(findings.length === 0 ? 'Nothing stands out' : `What stands out (${findings.length})`),
    ...findings.map(findingItem),
  ];
  const note = notes.length === 0 ? {} : { note: notes.join('; ') };
  const incomplete = archive.storage.endMarked
    ? note
    : { note: 'the archive lacks its end mark: it may have been cut' };
  const tarSha256 = archive.storage.sealed?.tarSha256;
  return liveContent(
    workspace,
    [{ header: '' }, { header: '', squeeze: 1 }],
    (verification) => [...before, ...verificationRows(verification, tarSha256), ...after],
    incomplete,
  );
}

type Statistics = NonNullable<Awaited<ReturnType<Workspace['checkpoint']['statistics']>>>;

function frozenText(statistics: Statistics): string | undefined {
  const microseconds = statistics.frozenTime;
  return microseconds === undefined ? undefined : `${(Number(microseconds) / 1000).toFixed(1)} ms`;
}

function storedText({ archive }: Workspace): string {
  const { storedSize, tarSize, compression, encrypted } = archive.storage;
  const how = [...(encrypted ? ['age'] : []), ...(compression === 'none' ? [] : [compression])].join(
    ' over ',
  );
  const stored = storedSize === undefined || how === '' ? '' : ` (${formatSize(storedSize)} as ${how})`;
  return `${formatSize(tarSize)}${stored}`;
}

/** What coldcase recorded of the capture when it sealed the file. */
function captureItems({ archive }: Workspace): Item[] {
  const { sealed } = archive.storage;
  if (sealed === undefined) return [];
  if (sealed.capture === null) {
    return [leaf(['capture', 'sealed from a file: no capture record'], { tone: 'dim' })];
  }
  return Object.entries(sealed.capture).flatMap(([name, value]) =>
    value === null
      ? []
      : [
          leaf([
            `capture ${name}`,
            typeof value === 'object' ? portableJson(JSON.stringify(value)) : String(value),
          ]),
        ],
  );
}

function findingItem(row: FindingsRow): Item {
  const kind = findingsView.columns.find(({ key }) => key === 'kind');
  const owner = row.pid === null ? '' : `${row.pid} ${row.comm ?? ''}: `;
  return leaf([kind === undefined ? row.kind : cellText(kind, row), owner + row.text], {
    tone: 'bad',
    mark: '!',
    place: findingPlace(row),
    id: `${row.kind}:${row.pid ?? ''}:${row.path ?? ''}`,
  });
}

/** Where a finding is seen for oneself. */
function findingPlace(row: FindingsRow): Place {
  const subject = String(row.pid ?? '');
  switch (row.kind) {
    case 'deleted-executable':
    case 'false-kernel-thread':
      return { page: 'process', subject, tab: 'command' };
    case 'socket-as-stdio':
      return { page: 'process', subject, tab: 'sockets', at: '0' };
    case 'writable-executable':
      return { page: 'hex', subject, tab: 'hex', ...(row.address === null ? {} : { at: row.address }) };
    case 'setuid-file':
      return { page: 'entry', subject: nestedName(ROOTFS_DIFF, row.path ?? '') };
  }
}
