import type { CoreEntry, TaskKobjIdsEntry } from '../criu/schema/core.js';
import type { CredsEntry } from '../criu/schema/process.js';
import { capabilityNames } from './names/capabilities.js';

/** What a thread may do. Text is untrusted. */
export interface Credentials {
  readonly uid: number;
  readonly euid: number;
  readonly suid: number;
  readonly fsuid: number;
  readonly gid: number;
  readonly egid: number;
  readonly sgid: number;
  readonly fsgid: number;
  readonly groups: readonly number[];
  readonly effective: readonly string[];
  readonly permitted: readonly string[];
  readonly inheritable: readonly string[];
  readonly bounding: readonly string[];
  readonly ambient: readonly string[];
  /** Securebits by name (linux/securebits.h). */
  readonly securebits: readonly string[];
  readonly noNewPrivs: boolean;
  /** SELinux label or AppArmor profile. */
  readonly lsm: string | undefined;
}

/** The credentials of a thread; undefined when the image has none, as for a zombie. */
export function readCredentials(core: CoreEntry | undefined): Credentials | undefined {
  const creds = core?.thread_core?.creds;
  return creds === undefined ? undefined : fromEntry(creds);
}

function fromEntry(creds: CredsEntry): Credentials {
  return {
    uid: creds.uid,
    euid: creds.euid,
    suid: creds.suid,
    fsuid: creds.fsuid,
    gid: creds.gid,
    egid: creds.egid,
    sgid: creds.sgid,
    fsgid: creds.fsgid,
    groups: creds.groups,
    effective: capabilityNames(creds.cap_eff),
    permitted: capabilityNames(creds.cap_prm),
    inheritable: capabilityNames(creds.cap_inh),
    bounding: capabilityNames(creds.cap_bnd),
    ambient: capabilityNames(creds.cap_amb),
    securebits: SECUREBITS.filter((_, bit) => ((creds.secbits >>> bit) & 1) === 1),
    noNewPrivs: (creds.no_new_privs ?? 0) !== 0,
    lsm: creds.lsm_profile,
  };
}

const SECUREBITS = [
  'NOROOT',
  'NOROOT_LOCKED',
  'NO_SETUID_FIXUP',
  'NO_SETUID_FIXUP_LOCKED',
  'KEEP_CAPS',
  'KEEP_CAPS_LOCKED',
  'NO_CAP_AMBIENT_RAISE',
  'NO_CAP_AMBIENT_RAISE_LOCKED',
] as const;

export type SeccompMode = 'disabled' | 'strict' | 'filter' | 'unknown';

/** The seccomp mode of a thread; CRIU before 2.0 kept one for the whole process. */
export function seccompMode(core: CoreEntry | undefined): SeccompMode {
  const mode = core?.thread_core?.seccomp_mode ?? core?.tc?.old_seccomp_mode ?? 'disabled';
  return typeof mode === 'number' ? 'unknown' : mode;
}

/** A namespace of a process: CRIU's id for it, and whether it is the one that CRIU itself ran in, the node's. */
export interface Namespace {
  readonly type: string;
  readonly id: number;
  readonly shared: boolean;
}

/** The namespaces of a process by type, as /proc/PID/ns names them. */
export function readNamespaces(
  ids: TaskKobjIdsEntry | undefined,
  root: TaskKobjIdsEntry | undefined,
): readonly Namespace[] {
  if (ids === undefined) return [];
  const pairs: readonly (readonly [type: string, id: number | undefined, rootId: number | undefined])[] = [
    ['cgroup', ids.cgroup_ns_id, root?.cgroup_ns_id],
    ['ipc', ids.ipc_ns_id, root?.ipc_ns_id],
    ['mnt', ids.mnt_ns_id, root?.mnt_ns_id],
    ['net', ids.net_ns_id, root?.net_ns_id],
    ['pid', ids.pid_ns_id, root?.pid_ns_id],
    ['time', ids.time_ns_id, root?.time_ns_id],
    ['user', ids.user_ns_id, root?.user_ns_id],
    ['uts', ids.uts_ns_id, root?.uts_ns_id],
  ];
  return pairs.flatMap(([type, id, rootId]) => (id === undefined ? [] : { type, id, shared: id === rootId }));
}
