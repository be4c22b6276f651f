import { append } from '../base/append.js';
import { formatAddress } from '../base/units.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { signalName } from '../checkpoint/names/signals.js';
import type { Process } from '../checkpoint/process-list.js';
import type { SaEntry, SignalQueueEntry } from '../criu/schema/process.js';
import { treeByProcess, type View, words } from './view.js';

export type SignalsRow = {
  readonly pid: number;
  readonly comm: string;
  readonly signal: string;
  readonly action: string;
  readonly handler: string | null;
  readonly blocked: boolean;
  readonly pending: number;
};

const LAST_SIGNAL = 64;
/** SIGKILL and SIGSTOP cannot be handled, so CRIU writes no action for them (criu/include/signal.h). */
const UNCATCHABLE: ReadonlySet<number> = new Set([9, 19]);
const SIG_DFL = 0n;
const SIG_IGN = 1n;

/** Signals of each process: what it does about them, which its first thread blocks, and which wait. */
export const signalsView: View<SignalsRow> = {
  name: 'signals',
  summary: 'signal handlers, blocked and pending signals',
  examples: [
    'coldcase signals evidence.tar.zst.age -i key.txt --pid 1',
    'coldcase signals checkpoint.tar --filter action=caught',
  ],
  tab: { title: 'signals', pages: ['process'], empty: 'none: a zombie' },
  columns: [
    { key: 'pid', header: 'PID', align: 'right', about: 'process id' },
    { key: 'comm', header: 'COMM', squeeze: 1, about: 'what the process calls itself' },
    { key: 'signal', header: 'SIGNAL', about: 'name of the signal' },
    { key: 'action', header: 'ACTION', about: 'default, ignored or caught' },
    { key: 'handler', header: 'HANDLER', align: 'right', about: 'address of the handler of a caught signal' },
    {
      key: 'blocked',
      header: 'BLOCKED',
      text: ({ blocked }) => (blocked ? 'yes' : ''),
      about: 'whether the first thread blocks it',
    },
    {
      key: 'pending',
      header: 'PENDING',
      align: 'right',
      text: ({ pending }) => (pending === 0 ? '' : String(pending)),
      about: 'how many of it wait, for the process or its first thread',
    },
  ],
  async rows(checkpoint, { pid }) {
    const rows: SignalsRow[] = [];
    for (const process of await checkpoint.select(pid)) append(rows, await signalRows(checkpoint, process));
    return rows;
  },
  tree: (rows) =>
    treeByProcess(
      rows.filter((row) => row.action !== 'default' || row.blocked || row.pending > 0),
      ({ pid, comm }) => `[${pid}] ${comm}`,
      (row) =>
        words(
          row.signal,
          row.action,
          row.handler === null ? '' : `by ${row.handler}`,
          row.blocked && 'blocked',
          row.pending > 0 && `${row.pending} pending`,
        ),
    ),
};

/** What a row takes, in units of the images' budget. */
const ROW_COST = 12;

async function signalRows(checkpoint: Checkpoint, process: Process): Promise<SignalsRow[]> {
  const { pid, comm } = process;
  const core = await process.core();
  if (core === undefined || process.state === 'zombie') return [];
  checkpoint.charge(process, 'signals', ROW_COST * LAST_SIGNAL);
  const own = core.tc?.sigactions ?? [];
  // in older checkpoints the actions are in an image of their own
  const actions = own.length > 0 ? own : await checkpoint.images.entries('SIGACT', `sigacts-${pid}`);
  const blocked = core.thread_core?.blk_sigset ?? core.tc?.blk_sigset ?? 0n;
  const pending = [...pendingOf(core.tc?.signals_s), ...pendingOf(core.thread_core?.signals_p)];
  const rows: SignalsRow[] = [];
  let next = 0;
  for (let signal = 1; signal <= LAST_SIGNAL; signal += 1) {
    const action = UNCATCHABLE.has(signal) ? undefined : actions[next++];
    rows.push({
      pid,
      comm,
      signal: signalName(signal),
      ...actionOf(action),
      blocked: ((blocked >> BigInt(signal - 1)) & 1n) === 1n,
      pending: pending.filter((waiting) => waiting === signal).length,
    });
  }
  return rows;
}

function actionOf(action: SaEntry | undefined): Pick<SignalsRow, 'action' | 'handler'> {
  if (action === undefined || action.sigaction === SIG_DFL) return { action: 'default', handler: null };
  if (action.sigaction === SIG_IGN) return { action: 'ignored', handler: null };
  return { action: 'caught', handler: formatAddress(action.sigaction) };
}

/** Numbers of the signals in a queue: siginfo_t begins with si_signo, a 32-bit number (sigaction(2)). */
function pendingOf(queue: SignalQueueEntry | undefined): number[] {
  return (queue?.signals ?? []).flatMap(({ siginfo }) => {
    if (siginfo.length < 4) return [];
    return new DataView(siginfo.buffer, siginfo.byteOffset, siginfo.byteLength).getInt32(0, true);
  });
}
