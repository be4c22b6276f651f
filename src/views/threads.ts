import { formatAddress } from '../base/units.js';
import type { Thread } from '../checkpoint/threads.js';
import { treeByProcess, type View, words } from './view.js';

export type ThreadsRow = {
  readonly pid: number;
  readonly tid: number;
  readonly comm: string;
  readonly main: boolean;
  readonly uid: number | null;
  readonly policy: string | null;
  readonly nice: number | null;
  readonly priority: number | null;
  readonly seccomp: string;
  readonly blockedSignals: readonly string[];
  readonly instructionPointer: string | null;
  readonly stackPointer: string | null;
};

/** Threads of each process, and where each was about to go on. */
export const threadsView: View<ThreadsRow> = {
  name: 'threads',
  summary: 'threads',
  examples: [
    'coldcase threads checkpoint.tar -p 1',
    'coldcase threads checkpoint.tar --filter seccomp=disabled',
  ],
  tab: { title: 'threads', pages: ['process'], empty: 'no threads: a zombie' },
  columns: [
    { key: 'pid', header: 'PID', align: 'right', about: 'process id' },
    { key: 'tid', header: 'TID', align: 'right', about: 'thread id' },
    { key: 'comm', header: 'COMM', squeeze: 1, about: 'what the thread calls itself' },
    { key: 'main', header: 'MAIN', wide: true, about: 'whether it is the first thread' },
    { key: 'uid', header: 'UID', align: 'right', about: 'real user id' },
    { key: 'policy', header: 'POLICY', about: 'OTHER, FIFO, RR, BATCH, IDLE or DEADLINE' },
    { key: 'nice', header: 'NICE', align: 'right', about: 'nice value' },
    { key: 'priority', header: 'PRIO', align: 'right', wide: true, about: 'priority under FIFO and RR' },
    { key: 'seccomp', header: 'SECCOMP', about: 'disabled, strict or filter' },
    { key: 'blockedSignals', header: 'BLOCKED', squeeze: 2, wide: true, about: 'signals that it blocks' },
    {
      key: 'instructionPointer',
      header: 'IP',
      align: 'right',
      about: 'address of its next instruction (x86-64, arm64)',
    },
    { key: 'stackPointer', header: 'SP', align: 'right', about: 'address of its stack (x86-64, arm64)' },
  ],
  async rows(checkpoint, { pid }) {
    const rows: ThreadsRow[] = [];
    for (const process of await checkpoint.select(pid)) {
      for (const thread of await checkpoint.threads(process)) rows.push(threadsRow(thread));
    }
    return rows;
  },
  tree: (rows) =>
    treeByProcess(
      rows,
      ({ pid }) => `[${pid}]`,
      (row) => words(`[${row.tid}]`, row.comm, row.seccomp !== 'disabled' && `seccomp ${row.seccomp}`),
    ),
};

function threadsRow(thread: Thread): ThreadsRow {
  const address = (value: bigint | undefined): string | null =>
    value === undefined ? null : formatAddress(value);
  return {
    pid: thread.pid,
    tid: thread.tid,
    comm: thread.comm,
    main: thread.main,
    uid: thread.uid ?? null,
    policy: thread.policy ?? null,
    nice: thread.nice ?? null,
    priority: thread.priority ?? null,
    seccomp: thread.seccomp,
    blockedSignals: thread.blockedSignals,
    instructionPointer: address(thread.instructionPointer),
    stackPointer: address(thread.stackPointer),
  };
}
