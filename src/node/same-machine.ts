import type { MachineIds } from '../kubelet/node-info.js';

/** What was found out about the question whether a pod's node is this machine. */
export interface Evidence {
  /** Processes of the pod's containers are in this machine's /proc. */
  readonly processesSeen: boolean;
  /** Whether the kubelet's root directory here has one for the pod; undefined when it cannot be looked into. */
  readonly podDirectory: boolean | undefined;
  readonly here: MachineIds;
  /** What the node is said to be; undefined when nobody may be asked. */
  readonly there: MachineIds | undefined;
  /** The kubelet was asked at an address of this machine. */
  readonly ownAddress: boolean;
}

export interface Verdict {
  /** undefined: it cannot be told. */
  readonly same: boolean | undefined;
  /** What tells. */
  readonly by: string;
  /** Of another machine: whether nobody can know better. A directory may be another kubelet's, a boot id is the kernel's. */
  readonly certain: boolean;
}

/**
 * Whether a pod's node is this machine. What speaks against it is believed before anything that speaks for it: a wrong
 * yes freezes a container for nothing and leaves its plaintext on another machine.
 *
 * The boot id is the kernel's, the same in every container: another one is another machine, whatever else is seen. A
 * kubelet makes a directory for every pod that it runs, so one that has none for it is another: this tells apart nodes
 * that are containers of one machine, whose processes are all seen from it, and which share its boot id. A machine-id
 * alone says nothing: copies of a disk share it, and containers have their own. Nor does a node's address: many networks
 * have a 10.0.2.15. An address of this machine at which the kubelet was asked may be the near end of a tunnel.
 */
export function sameMachine(evidence: Evidence): Verdict {
  const { here, there, processesSeen, podDirectory, ownAddress } = evidence;
  const boot = compare(here.bootID, there?.bootID);
  if (boot === false) return { same: false, by: 'another boot id', certain: true };
  if (podDirectory === false) return no("the kubelet's directory here has no such pod");
  if (processesSeen) return yes('its processes run here');
  if (podDirectory === true) return yes("the kubelet's directory here has the pod");
  if (boot === true) return yes('same boot id');
  const uuid = compare(here.systemUUID, there?.systemUUID);
  if (uuid === false) return no('another system UUID');
  if (uuid === true && compare(here.machineID, there?.machineID) === true)
    return yes('same system UUID and machine id');
  if (ownAddress) return yes('its kubelet was asked at an address of this machine');
  const by = there === undefined ? 'nobody tells its boot id' : 'its boot id is not known';
  return { same: undefined, by, certain: false };
}

/**
 * The same; the kubelet itself is asked what machine it is on where nothing else than its address tells. Not always: the
 * answer is megabytes of cAdvisor's metrics.
 *
 * @param ask - undefined when it does not tell
 */
export async function findSameMachine(
  evidence: Evidence,
  ask: () => Promise<MachineIds | undefined>,
): Promise<Verdict> {
  const verdict = sameMachine({ ...evidence, ownAddress: false });
  if (verdict.same !== undefined) return verdict;
  return sameMachine({ ...evidence, there: (await ask()) ?? evidence.there });
}

/** The names that a kubelet's directory of a pod can have. */
export interface PodIds {
  readonly uid: string | null;
  /** A static pod's; the API server's mirror of it has another uid. */
  readonly staticUid: string | null;
}

/** Whether a kubelet has a directory for a pod; undefined when it has none for any, so that it tells nothing. */
export function podAmong(directories: readonly string[], { uid, staticUid }: PodIds): boolean | undefined {
  const ids = [uid, staticUid].filter((id) => id !== null);
  if (ids.length === 0 || directories.length === 0) return undefined;
  return ids.some((id) => directories.includes(id));
}

function yes(by: string): Verdict {
  return { same: true, by, certain: false };
}

function no(by: string): Verdict {
  return { same: false, by, certain: false };
}

function compare(one: string | null, other: string | null | undefined): boolean | undefined {
  if (one === null || other === null || other === undefined) return undefined;
  return one.toLowerCase() === other.toLowerCase();
}
