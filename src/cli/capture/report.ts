import type { ColdcaseError } from '../../base/errors.js';
import type { Manifest } from '../../seal/manifest.js';
import type { ContainerTarget } from './job.js';
import type { LeftBehind } from './leftovers.js';
import type { LeftOnNode } from './not-held.js';
import type { WorkloadReport } from './workload/report.js';

/** One archive that was captured. */
export interface CapturedArchive {
  readonly target: ContainerTarget;
  /** Path of the sealed file; undefined when it went to standard output. */
  readonly path: string | undefined;
  readonly manifestPath: string | undefined;
  readonly manifest: Manifest;
  readonly original: {
    /** As the kubelet named it. */
    readonly path: string;
    /** Bytes. */
    readonly size: number;
    readonly removed: boolean;
  };
  /** What is in none of it, and stays on the node. */
  readonly left: LeftOnNode;
  readonly warnings: readonly string[];
}

export interface CaptureFailure {
  readonly target: ContainerTarget;
  readonly error: ColdcaseError;
}

/** What a run of capture did. */
export interface CaptureReport {
  /** Who was asked and as whom, for people. */
  readonly endpoint: string;
  readonly credentials: string;
  readonly trust: string;
  readonly startedAt: Date;
  readonly finishedAt: Date;
  readonly captured: readonly CapturedArchive[];
  readonly failures: readonly CaptureFailure[];
  /** What became of each container that was asked for. */
  readonly workloads: readonly WorkloadReport[];
  /** Plaintext that lies on the node now, whoever left it. */
  readonly leftovers: LeftBehind;
}
