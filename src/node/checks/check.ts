import type { JsonValue } from '../../base/json.js';
import type { NodeApi } from '../api.js';
import type { KubeletConfiguration } from '../config/kubelet.js';
import type { ContainerFacts } from '../facts/container.js';
import type { CriuFacts } from '../facts/criu.js';
import type { Kernel } from '../facts/kernel.js';
import type { MountFact } from '../facts/mounts.js';
import type { RuntimeFacts } from '../facts/runtime.js';
import type { SwapArea } from '../facts/swap.js';
import type { Found } from '../host/found.js';
import type { HostRoot } from '../host/root.js';

export type Status = 'pass' | 'warn' | 'fail' | 'unknown';

export type Group =
  | 'API'
  | 'runtime'
  | 'CRIU options'
  | 'container'
  | 'space'
  | 'kernel'
  | 'plaintext'
  | 'watchdog'
  | 'seccomp and AppArmor';

/** One finding of the doctor. */
export interface Check {
  /** Stable, for scripts: `runtime.criu`. */
  readonly id: string;
  readonly group: Group;
  readonly status: Status;
  /** What was found; may hold untrusted text. */
  readonly found: string;
  /** Why it matters. */
  readonly why: string;
  /** What to do; null when there is nothing to do. */
  readonly remedy: string | null;
}

/** The container that the doctor is asked about, and what is known of it. */
export interface Patient {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** The v1.Pod, from the kubelet or the API server; null when neither could be asked. */
  readonly manifest: JsonValue;
  /** The OCI runtime's spec, from the CRI runtime; null when it does not show it. */
  readonly spec: JsonValue;
  /** The running container's ID, without the runtime's scheme; undefined when nobody could be asked. */
  readonly id: string | undefined;
  readonly facts: ContainerFacts | undefined;
  /** Why there are no facts. */
  readonly unseen: string | undefined;
}

/** Everything that checks look at, gathered once. */
export interface Examination {
  readonly host: HostRoot;
  readonly configuration: KubeletConfiguration;
  readonly packages: ReadonlyMap<string, string> | undefined;
  readonly kubeletVersion: { readonly text: string; readonly from: string } | undefined;
  readonly kernel: Kernel;
  readonly mounts: Found<readonly MountFact[]>;
  readonly swaps: Found<readonly SwapArea[]>;
  readonly runtime: RuntimeFacts;
  readonly criu: CriuFacts;
  readonly api: NodeApi | undefined;
  /** Why the API cannot be asked. */
  readonly noApi: string | undefined;
  readonly patient: Patient | undefined;
  readonly checkpointDirectory: string;
  readonly now: Date;
}

/** Makes the checks of one group. */
export function reporter(group: Group): {
  pass(id: string, found: string, why: string): Check;
  warn(id: string, found: string, why: string, remedy: string): Check;
  fail(id: string, found: string, why: string, remedy: string): Check;
  unknown(id: string, found: string, why: string, remedy?: string): Check;
} {
  return {
    pass: (id, found, why) => ({ id, group, status: 'pass', found, why, remedy: null }),
    warn: (id, found, why, remedy) => ({ id, group, status: 'warn', found, why, remedy }),
    fail: (id, found, why, remedy) => ({ id, group, status: 'fail', found, why, remedy }),
    unknown: (id, found, why, remedy) => ({
      id,
      group,
      status: 'unknown',
      found,
      why,
      remedy: remedy ?? null,
    }),
  };
}
