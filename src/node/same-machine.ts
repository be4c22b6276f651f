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
}

/**
 * Whether a pod's node is this machine, by the strongest evidence. Its processes are here: no doubt. A kubelet makes a
 * directory for every pod that it runs, so one that has none for it is another (this also tells apart nodes that are
 * containers of one machine and share its boot id). The boot id is the kernel's, the same in every container. A
 * machine-id alone says nothing: copies of a disk share it, and containers have their own. Nor does a node's address:
 * many networks have a 10.0.2.15.
 */
export function sameMachine(evidence: Evidence): Verdict {
  const { here, there, processesSeen, podDirectory, ownAddress } = evidence;
  if (processesSeen) return { same: true, by: 'its processes run here' };
  if (podDirectory === false) return { same: false, by: "the kubelet's directory here has no such pod" };
  if (podDirectory === true) return { same: true, by: "the kubelet's directory here has the pod" };
  const boot = compare(here.bootID, there?.bootID);
  if (boot !== undefined) return { same: boot, by: boot ? 'same boot id' : 'another boot id' };
  const uuid = compare(here.systemUUID, there?.systemUUID);
  if (uuid === false) return { same: false, by: 'another system UUID' };
  if (uuid === true && compare(here.machineID, there?.machineID) === true)
    return { same: true, by: 'same system UUID and machine id' };
  if (ownAddress) return { same: true, by: 'its kubelet was asked at an address of this machine' };
  return {
    same: undefined,
    by: there === undefined ? 'nobody tells its boot id' : 'its boot id is not known',
  };
}

function compare(one: string | null, other: string | null | undefined): boolean | undefined {
  if (one === null || other === null || other === undefined) return undefined;
  return one.toLowerCase() === other.toLowerCase();
}
