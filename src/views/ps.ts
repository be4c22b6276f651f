import { portableJson } from '../base/spelling.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { type Process, type ProcessNode, processTree } from '../checkpoint/process-list.js';
import type { TreeNode } from '../render/table.js';
import { type View, type ViewOptions, words } from './view.js';

export type PsRow = {
  readonly pid: number;
  readonly ppid: number;
  readonly comm: string;
  readonly state: string;
  readonly command: string | null;
  readonly args: readonly string[] | null;
  readonly exe: string | null;
  readonly exeDeleted: boolean;
  readonly uid: number | null;
  readonly threads: number;
  readonly pgid: number;
  readonly sid: number;
  readonly exitCode: number | null;
};

/** The processes: who started whom, what they run, and whether the file that they run is still there. */
export const psView: View<PsRow> = {
  name: 'ps',
  summary: 'processes, their commands and the files that they run',
  examples: [
    'coldcase ps evidence.tar.zst.age -i key.txt',
    'coldcase ps checkpoint.tar --format tree',
    'coldcase ps checkpoint.tar --filter exeDeleted=true --json',
  ],
  columns: [
    { key: 'pid', header: 'PID', align: 'right', about: 'process id in the container' },
    { key: 'ppid', header: 'PPID', align: 'right', about: "the parent's; 0 for the first process" },
    { key: 'uid', header: 'UID', align: 'right', about: 'real user id' },
    { key: 'state', header: 'STATE', about: 'alive, stopped, zombie or unknown' },
    { key: 'threads', header: 'THREADS', align: 'right', about: 'how many threads it has' },
    { key: 'comm', header: 'COMM', squeeze: 1, about: 'what the process calls itself' },
    {
      key: 'exe',
      header: 'EXE',
      squeeze: 2,
      text: ({ exe, exeDeleted }) => words(exe, exeDeleted && '(deleted)'),
      alert: ({ exeDeleted }) => exeDeleted,
      about: 'path of the file that it runs',
    },
    {
      key: 'command',
      header: 'COMMAND',
      squeeze: 3,
      text: (row) => row.command ?? `[${row.comm}]`,
      about:
        'its arguments with spaces between them; null for a zombie, or when that memory is not in the archive',
    },
    {
      key: 'args',
      header: 'ARGS',
      wide: true,
      text: ({ args }) => (args === null ? '' : portableJson(JSON.stringify(args))),
      about: 'its arguments one by one',
    },
    { key: 'exeDeleted', header: 'EXE DELETED', wide: true, about: 'whether that path was deleted' },
    { key: 'pgid', header: 'PGID', align: 'right', wide: true, about: 'process group' },
    { key: 'sid', header: 'SID', align: 'right', wide: true, about: 'session' },
    {
      key: 'exitCode',
      header: 'EXIT',
      align: 'right',
      wide: true,
      about: 'status of a zombie as wait(2) gives it',
    },
  ],
  async rows(checkpoint, options) {
    const processes = await checkpoint.select(options.pid);
    const rows: PsRow[] = [];
    for (const process of processes) rows.push(await psRow(checkpoint, process, options));
    return rows;
  },
  tree: (rows) => psTree(rows, psLabel),
};

/** Rows of processes as a tree, each labelled, with `below` as its first children. */
export function psTree(
  rows: readonly PsRow[],
  label: (row: PsRow) => string,
  below: (row: PsRow) => readonly TreeNode[] = () => [],
): readonly TreeNode[] {
  const node = ({ item, children }: ProcessNode<PsRow>): TreeNode => ({
    label: label(item),
    children: [...below(item), ...children.map(node)],
  });
  return processTree(rows).map(node);
}

/** `[4] /tmp/.x/xmrig (comm kworker/u8:2, exe /tmp/.x/xmrig, deleted)` */
export function psLabel(row: PsRow): string {
  const facts = [
    ...(row.command === null || baseName(row.exe ?? '') === row.comm ? [] : [`comm ${row.comm}`]),
    ...(row.exe === null ? [] : [words(`exe ${row.exe}`, row.exeDeleted && 'DELETED')]),
    ...(row.state === 'alive' ? [] : [row.state]),
    ...(row.threads > 1 ? [`${row.threads} threads`] : []),
  ];
  return `[${row.pid}] ${row.command ?? row.comm}${facts.length === 0 ? '' : ` (${facts.join(', ')})`}`;
}

export async function psRow(checkpoint: Checkpoint, process: Process, options: ViewOptions): Promise<PsRow> {
  const started = await checkpoint.arguments(process);
  const exe = await checkpoint.executable(process);
  if (started === undefined && process.state !== 'zombie') {
    options.note?.(`the arguments of process ${process.pid} are not in the archive`);
  }
  return {
    pid: process.pid,
    ppid: process.ppid,
    comm: process.comm,
    state: process.state,
    command: started?.values.join(' ') ?? null,
    args: started?.values ?? null,
    exe: exe?.path ?? null,
    exeDeleted: exe?.deleted ?? false,
    uid: process.uid ?? null,
    threads: process.threads.length,
    pgid: process.pgid,
    sid: process.sid,
    exitCode: process.exitCode ?? null,
  };
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
