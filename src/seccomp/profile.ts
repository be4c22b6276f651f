import type { JsonValue } from '../base/json.js';
import { field, integer, list, text } from '../base/json-fields.js';

/** A rule of an OCI seccomp profile. */
export interface ProfileRule {
  readonly names: readonly string[];
  readonly action: string;
  readonly errno: number | undefined;
  /** The rule looks at arguments, so it holds for some calls only. */
  readonly conditional: boolean;
}

/** A seccomp profile as the OCI runtime specification defines it (config-linux.md, seccomp). */
export interface SeccompProfile {
  readonly defaultAction: string;
  readonly defaultErrno: number | undefined;
  readonly architectures: readonly string[];
  readonly rules: readonly ProfileRule[];
}

const MAX_RULES = 65_536;

/** Reads a profile from parsed JSON; undefined when it is none. */
export function readProfile(value: JsonValue | undefined): SeccompProfile | undefined {
  const defaultAction = text(value, 'defaultAction');
  if (defaultAction === undefined) return undefined;
  return {
    defaultAction,
    defaultErrno: integer(value, 'defaultErrnoRet'),
    architectures: [
      ...strings(list(value, 'architectures')),
      ...list(value, 'archMap').flatMap((one) => [
        ...strings([field(one, 'architecture') ?? null]),
        ...strings(list(one, 'subArchitectures')),
      ]),
    ],
    rules: list(value, 'syscalls')
      .slice(0, MAX_RULES)
      .flatMap((rule) => {
        const action = text(rule, 'action');
        if (action === undefined) return [];
        return {
          names: strings([...list(rule, 'names'), field(rule, 'name') ?? null]),
          action,
          errno: integer(rule, 'errnoRet'),
          conditional: list(rule, 'args').length > 0,
        };
      }),
  };
}

/** Syscalls by action: how many, and their names. */
export function countByAction(profile: SeccompProfile): ReadonlyMap<string, readonly string[]> {
  const byAction = new Map<string, Set<string>>();
  for (const { names, action } of profile.rules) {
    const set = byAction.get(action) ?? new Set();
    for (const name of names) set.add(name);
    byAction.set(action, set);
  }
  return new Map([...byAction].map(([action, names]) => [action, [...names].sort()] as const));
}

/** What a profile does with one syscall. Conditional rules leave the rest of the calls to the default action. */
export function actionFor(profile: SeccompProfile, name: string): { action: string; conditional: boolean } {
  const rules = profile.rules.filter((rule) => rule.names.includes(name));
  const always = rules.find((rule) => !rule.conditional);
  if (always !== undefined) return { action: always.action, conditional: false };
  const sometimes = rules[0];
  if (sometimes !== undefined) return { action: sometimes.action, conditional: true };
  return { action: profile.defaultAction, conditional: false };
}

/**
 * What runc and crun refuse in a profile: SCMP_ACT_NOTIFY as the default action, or for write (runc,
 * libcontainer/seccomp), since the runtime itself could not go on to hand over the listener.
 */
export function refusedByRuntimes(profile: SeccompProfile): readonly string[] {
  const problems: string[] = [];
  const isNotify = (action: string): boolean => /^(SCMP_ACT_NOTIFY|SECCOMP_RET_USER_NOTIF)$/.test(action);
  if (isNotify(profile.defaultAction)) problems.push('SCMP_ACT_NOTIFY is the default action');
  if (profile.rules.some((rule) => isNotify(rule.action) && rule.names.includes('write'))) {
    problems.push('SCMP_ACT_NOTIFY is used for write');
  }
  const unknown = new Set(
    [profile.defaultAction, ...profile.rules.map((rule) => rule.action)].filter(
      (action) => !ACTIONS.has(action),
    ),
  );
  for (const action of unknown) problems.push(`${action} is not an action`);
  return problems;
}

const ACTIONS: ReadonlySet<string> = new Set([
  'SCMP_ACT_KILL',
  'SCMP_ACT_KILL_THREAD',
  'SCMP_ACT_KILL_PROCESS',
  'SCMP_ACT_TRAP',
  'SCMP_ACT_ERRNO',
  'SCMP_ACT_TRACE',
  'SCMP_ACT_ALLOW',
  'SCMP_ACT_LOG',
  'SCMP_ACT_NOTIFY',
]);

/** Syscalls that matter to an investigator: what they give to somebody who is inside. */
export const NOTABLE_SYSCALLS: readonly (readonly [name: string, gives: string])[] = [
  ['ptrace', 'reads and changes other processes'],
  ['process_vm_readv', "reads other processes' memory"],
  ['process_vm_writev', "writes other processes' memory"],
  ['bpf', 'loads programs into the kernel'],
  ['perf_event_open', 'measures the kernel'],
  ['userfaultfd', 'helps to exploit the kernel'],
  ['io_uring_setup', 'gets around syscall filters'],
  ['keyctl', 'uses kernel keyrings, which are not namespaced'],
  ['add_key', 'uses kernel keyrings, which are not namespaced'],
  ['mount', 'mounts'],
  ['fsopen', 'mounts'],
  ['move_mount', 'mounts'],
  ['open_by_handle_at', 'opens files by handle, also outside the container'],
  ['unshare', 'makes namespaces'],
  ['setns', 'enters namespaces'],
  ['clone3', 'makes processes and namespaces; its flags cannot be filtered'],
  ['init_module', 'loads kernel modules'],
  ['finit_module', 'loads kernel modules'],
  ['kexec_load', 'replaces the kernel'],
  ['memfd_create', 'makes programs that are on no disk'],
  ['personality', 'turns protections off'],
];

function strings(values: readonly JsonValue[]): readonly string[] {
  return values.filter((one) => typeof one === 'string');
}
