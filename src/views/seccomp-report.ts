import type { JsonValue } from '../base/json.js';
import type { SeccompState } from '../checkpoint/seccomp.js';
import { actionName } from '../seccomp/actions.js';
import { actionTable, newBudget } from '../seccomp/evaluate.js';
import { actionFor, countByAction, NOTABLE_SYSCALLS, readProfile } from '../seccomp/profile.js';
import { ARCHITECTURES, type Architecture } from '../seccomp/syscalls.js';
import { Programs } from './seccomp-programs.js';

/** What happens to a set of syscalls of one architecture; several verdicts when the arguments decide. */
export type ActionReport = {
  readonly arch: string;
  readonly verdict: readonly string[];
  readonly count: number;
  readonly syscalls: readonly string[];
};

/** Filters that act together, and the processes under them. */
export type ChainReport = {
  readonly filters: readonly number[];
  readonly pids: readonly number[];
  readonly architectures: readonly string[];
  readonly actions: readonly ActionReport[];
};

export type FilterReport = {
  readonly index: number;
  readonly previous: number | null;
  readonly flags: readonly string[];
  /** Made when asked for: only a listing shows them. */
  readonly instructions: readonly { readonly at: number; readonly text: string; readonly comment: string }[];
};

export type ProfileReport = {
  readonly defaultAction: string;
  readonly defaultErrno: number | null;
  readonly architectures: readonly string[];
  readonly actions: readonly {
    readonly action: string;
    readonly count: number;
    readonly syscalls: readonly string[];
  }[];
  /** Syscalls that matter to an investigator, and what the profile does with them. */
  readonly notable: readonly {
    readonly syscall: string;
    readonly gives: string;
    readonly action: string;
    readonly conditional: boolean;
  }[];
};

export type SeccompReport = {
  readonly threads: readonly {
    readonly pid: number;
    readonly tid: number;
    readonly name: string;
    readonly mode: string;
    readonly filter: number | null;
  }[];
  readonly chains: readonly ChainReport[];
  readonly filters: readonly FilterReport[];
  readonly profile: ProfileReport | null;
};

/** SECCOMP_FILTER_FLAG_* (linux/seccomp.h). */
const FLAGS: readonly string[] = [
  'TSYNC',
  'LOG',
  'SPEC_ALLOW',
  'NEW_LISTENER',
  'TSYNC_ESRCH',
  'WAIT_KILLABLE_RECV',
];

/** The seccomp filters of a checkpoint and what they do, and the profile that they were made from. */
export function reportSeccomp(state: SeccompState): SeccompReport {
  const programs = new Programs(state.filters);
  return {
    threads: state.threads.map((thread) => ({ ...thread, filter: thread.filter ?? null })),
    chains: chains(state, programs),
    filters: state.filters.map(({ previous, flags }, index) => ({
      index,
      previous: previous ?? null,
      flags: FLAGS.filter((_, bit) => (flags & (1 << bit)) !== 0),
      get instructions() {
        return programs.at(index).lines();
      },
    })),
    profile: reportProfile(state.profile),
  };
}

/** Processes under the same filters; CRIU writes a forked process's filters anew, so equal bytes are one chain. */
function chains(state: SeccompState, programs: Programs): readonly ChainReport[] {
  const groups = new Map<string, { readonly filters: readonly number[]; readonly pids: Set<number> }>();
  for (const { pid, filter, mode } of state.threads) {
    if (filter === undefined || mode !== 'filter') continue;
    const { key, filters } = programs.chain(filter);
    const group = groups.get(key) ?? { filters, pids: new Set() };
    group.pids.add(pid);
    groups.set(key, group);
  }
  const budget = newBudget();
  return [...groups.values()].map(({ filters, pids }) => {
    const parts = filters.map((index) => programs.at(index));
    const asked = ARCHITECTURES.filter((one) =>
      parts.some(({ architectures }) => architectures.includes(one)),
    );
    const code = parts.map(({ instructions }) => instructions);
    return {
      filters,
      pids: [...pids],
      architectures: asked.map(({ name }) => name),
      actions: [...asked, OTHER].flatMap((architecture) =>
        actionTable(code, architecture, budget).map(({ arch, verdicts, syscalls }) => ({
          arch,
          verdict: verdicts.length === 0 ? ['not decided'] : verdicts.map(actionName),
          count: syscalls.length,
          syscalls,
        })),
      ),
    };
  });
}

/** Stands for every architecture that the filters do not ask for. */
const OTHER: Architecture = { audit: 0xffffffff, name: 'other architectures', syscalls: new Map() };

function reportProfile(value: JsonValue | undefined): ProfileReport | null {
  const profile = readProfile(value);
  if (profile === undefined) return null;
  return {
    defaultAction: profile.defaultAction,
    defaultErrno: profile.defaultErrno ?? null,
    architectures: profile.architectures,
    actions: [...countByAction(profile)].map(([action, syscalls]) => ({
      action,
      count: syscalls.length,
      syscalls,
    })),
    notable: NOTABLE_SYSCALLS.map(([syscall, gives]) => ({ syscall, gives, ...actionFor(profile, syscall) })),
  };
}
