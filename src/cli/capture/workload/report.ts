import type { JsonObject } from '../../../base/json.js';
import type { ThawAttempt } from '../../../node/freezer/thaw.js';
import type { ContainerTarget } from '../job.js';

/** What is known of a container at one moment. */
export interface Look {
  /** The runtime's ID, without its scheme; null where nobody could be asked. */
  readonly id: string | null;
  readonly restartCount: number | null;
  /** As the kernel's freezer says; `ended` when there is no process of it any more. */
  readonly state: 'running' | 'frozen' | 'ended' | 'not known';
  /** Why something is not known, or what froze it; null when there is nothing to say. */
  readonly why: string | null;
}

/**
 * What the capture did to the workload:
 * - `running`: it ran before and after, the same container
 * - `left frozen`: it ran before and is frozen now, with nobody at work in it
 * - `frozen`: it is frozen, and an engine may still be at work in it, or nobody knows whether it ran before
 * - `thawed`: it was left frozen and was thawed by --thaw
 * - `paused before`: it was frozen before, and was left so
 * - `ended`: its first process ended; `restarted`: and another container runs in its place
 * - `not known`: the freezer could not be seen
 */
export type Outcome =
  | 'running'
  | 'left frozen'
  | 'frozen'
  | 'thawed'
  | 'paused before'
  | 'ended'
  | 'restarted'
  | 'not known';

/** A container's fate, for the receipt and for the record. */
export interface WorkloadReport {
  readonly target: ContainerTarget;
  readonly outcome: Outcome;
  readonly before: Look;
  readonly after: Look;
  /** The longest that it was seen frozen while the kubelet worked, in milliseconds; null where it could not be seen. */
  readonly frozenFor: number | null;
  /** Commands that thaw it, where it is frozen. */
  readonly thaw: readonly string[];
  /** What --thaw ran. */
  readonly attempts: readonly ThawAttempt[];
}

/** For the record and for `--json`. */
export function workloadJson(report: Omit<WorkloadReport, 'target'>): JsonObject {
  const { outcome, before, after, frozenFor, thaw, attempts } = report;
  return {
    outcome,
    before: { ...before },
    after: { ...after },
    frozenMilliseconds: frozenFor,
    thaw: [...thaw],
    attempts: attempts.map((attempt) => ({ ...attempt })),
  };
}
