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
export function readProfile(value: unknown): SeccompProfile | undefined {
  if (!isRecord(value) || typeof value['defaultAction'] !== 'string') return undefined;
  const rules = Array.isArray(value['syscalls']) ? value['syscalls'].slice(0, MAX_RULES) : [];
  return {
    defaultAction: value['defaultAction'],
    defaultErrno: integer(value['defaultErrnoRet']),
    architectures: [
      ...texts(value['architectures']),
      ...(Array.isArray(value['archMap']) ? value['archMap'] : []).flatMap((one) =>
        isRecord(one) ? [...texts([one['architecture']]), ...texts(one['subArchitectures'])] : [],
      ),
    ],
    rules: rules.flatMap((rule) => {
      if (!isRecord(rule) || typeof rule['action'] !== 'string') return [];
      const names = [...texts(rule['names']), ...texts([rule['name']])];
      const args = rule['args'];
      return [
        {
          names,
          action: rule['action'],
          errno: integer(rule['errnoRet']),
          conditional: Array.isArray(args) && args.length > 0,
        },
      ];
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

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

function integer(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
}
