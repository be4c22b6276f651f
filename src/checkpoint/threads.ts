import type { CoreEntry } from '../criu/schema/core.js';
import { readCredentials, type SeccompMode, seccompMode } from './credentials.js';
import type { Images } from './images.js';
import { signalNames } from './names/signals.js';
import type { Process } from './process-list.js';

/** A thread. Text is untrusted. */
export interface Thread {
  readonly pid: number;
  readonly tid: number;
  readonly comm: string;
  /** Whether this is the process's first thread. */
  readonly main: boolean;
  readonly uid: number | undefined;
  readonly nice: number | undefined;
  /** Scheduling policy by name (linux/sched.h). */
  readonly policy: string | undefined;
  readonly priority: number | undefined;
  readonly seccomp: SeccompMode;
  readonly blockedSignals: readonly string[];
  /** Where it was about to go on, and its stack; of the architectures that containers run on most. */
  readonly instructionPointer: bigint | undefined;
  readonly stackPointer: bigint | undefined;
}

const POLICIES = ['OTHER', 'FIFO', 'RR', 'BATCH', undefined, 'IDLE', 'DEADLINE'] as const;

/** The threads of a process, its first one first. */
export async function readThreads(images: Images, process: Process): Promise<readonly Thread[]> {
  const threads: Thread[] = [];
  for (const tid of process.threads) {
    const core = tid === process.pid ? process.core : await images.first('CORE', `core-${tid}`);
    threads.push(threadOf(process, tid, core));
  }
  return threads;
}

function threadOf(process: Process, tid: number, core: CoreEntry | undefined): Thread {
  const own = core?.thread_core;
  const policy = own?.sched_policy;
  const mask = own?.blk_sigset ?? core?.tc?.blk_sigset ?? 0n;
  return {
    pid: process.pid,
    tid,
    comm: own?.comm ?? core?.tc?.comm ?? process.comm,
    main: tid === process.pid,
    uid: readCredentials(core)?.uid,
    nice: own?.sched_nice,
    policy: policy === undefined ? undefined : (POLICIES[policy] ?? `policy ${policy}`),
    priority: own?.sched_prio,
    seccomp: seccompMode(core),
    blockedSignals: signalNames(mask),
    instructionPointer: core?.thread_info?.gpregs.ip ?? core?.ti_aarch64?.gpregs.pc,
    stackPointer: core?.thread_info?.gpregs.sp ?? core?.ti_aarch64?.gpregs.sp,
  };
}
