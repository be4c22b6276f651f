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
  const leader = await process.core();
  const shared = await sharesFilters(images, leader);
  for (const tid of process.threads) {
    const core = tid === process.pid ? leader : await images.first('CORE', `core-${tid}`);
    const own = seccompMode(core);
    const seccomp = shared && own === 'disabled' ? 'filter' : own;
    threads.push(threadOf(process, tid, core, seccomp));
  }
  return threads;
}

const SECCOMP_FILTER_FLAG_TSYNC = 1;

/**
 * Whether all threads have the filters of the first one. CRIU then writes them for that one alone, and marks them
 * to be synchronised: the other threads look as if they had none (try_use_tsync in criu/seccomp.c).
 */
async function sharesFilters(images: Images, leader: CoreEntry | undefined): Promise<boolean> {
  const index = leader?.thread_core?.seccomp_filter;
  if (index === undefined || seccompMode(leader) !== 'filter') return false;
  const filters = (await images.first('SECCOMP', 'seccomp'))?.seccomp_filters;
  return ((filters?.[index]?.flags ?? 0) & SECCOMP_FILTER_FLAG_TSYNC) !== 0;
}

function threadOf(process: Process, tid: number, core: CoreEntry | undefined, seccomp: SeccompMode): Thread {
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
    seccomp,
    blockedSignals: signalNames(mask),
    instructionPointer: core?.thread_info?.gpregs.ip ?? core?.ti_aarch64?.gpregs.pc,
    stackPointer: core?.thread_info?.gpregs.sp ?? core?.ti_aarch64?.gpregs.sp,
  };
}
