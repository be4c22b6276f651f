import { ColdcaseError, FailedError } from '../../../base/errors.js';
import { formatDuration } from '../../../base/units.js';
import type { ContainerTarget } from '../job.js';
import type { Look, WorkloadReport } from './report.js';

export function nameOf({ namespace, pod, container }: ContainerTarget): string {
  return `${namespace}/${pod}/${container}`;
}

/** One line for the receipt. */
export function describeWorkload({ outcome, before, after, frozenFor, attempts }: WorkloadReport): string {
  const pause = frozenFor === null || frozenFor === 0 ? '' : `, stood still for ${formatDuration(frozenFor)}`;
  switch (outcome) {
    case 'running':
      return before.state === 'frozen'
        ? `was frozen before, and runs now; ${identity(after)}`
        : `ran before and after${pause}; ${identity(after)}`;
    case 'paused before':
      return `was frozen before, and left so; ${identity(after)}`;
    case 'left frozen':
      return `LEFT FROZEN: it ran before; ${identity(after)}`;
    case 'frozen':
      return `IS FROZEN${because(after)}; ${identity(after)}`;
    case 'thawed':
      return `was left frozen, and thawed by ${attempts.at(-1)?.command.split(' ')[0] ?? '--thaw'}; ${identity(after)}`;
    case 'ended':
      return `ended meanwhile: ${identity(before)}${because(after)}`;
    case 'restarted':
      return `ended and restarted: ${identity(before)}; now ${identity(after)}`;
    case 'not known':
      return `not known${because(after)}`;
  }
}

function because({ why }: Look): string {
  return why === null ? '' : `: ${why}`;
}

function identity({ id, restartCount }: Look): string {
  const restarts =
    restartCount === null ? '' : `, ${restartCount} ${restartCount === 1 ? 'restart' : 'restarts'}`;
  return `${id === null ? 'of unknown ID' : id.slice(0, 12)}${restarts}`;
}

/**
 * A container that runs no more because of the capture: whatever else went well, the node is not as it was found. Not
 * "refused as unsafe" (6), for nothing was refused: exit code 1.
 */
export class LeftFrozenError extends FailedError {}

/** The error for a container that is frozen after its capture, unless it was before, or the error that ended it says so. */
export function frozenError(
  report: WorkloadReport,
  ended: ColdcaseError | undefined,
): LeftFrozenError | undefined {
  const { target, outcome, thaw, attempts, after } = report;
  if (outcome !== 'left frozen' && (outcome !== 'frozen' || ended !== undefined)) return undefined;
  const tried = attempts.map(
    ({ command, done, said }) => `tried: ${command}: ${done ? 'done, and it is frozen all the same' : said}`,
  );
  const what =
    outcome === 'left frozen'
      ? 'WAS LEFT FROZEN: it ran when the capture began, and nothing of it runs now'
      : `IS FROZEN, ${after.why ?? 'and nothing of it runs now'}`;
  return new LeftFrozenError(`${nameOf(target)} ${what}`, {
    remedy:
      thaw.length === 0
        ? 'its freezer is above what can be seen from here: look at it on the node itself'
        : 'thaw it on the node by the first of these that works (capture --thaw runs them):',
    more: [...thaw, ...tried],
  });
}

/** A failed capture has no receipt: its error says what became of the workload, unless it runs as before. */
export function tellFate(error: unknown, report: WorkloadReport, kubeletLimit: number): void {
  if (!(error instanceof ColdcaseError)) return;
  const name = nameOf(report.target);
  switch (report.outcome) {
    case 'running':
    case 'not known':
    case 'left frozen': // has an error of its own
      return;
    case 'frozen':
      error.more.push(
        `${name} is frozen now${because(report.after)}, for at most ${formatDuration(kubeletLimit)} in all`,
        `if it is frozen after that (coldcase doctor ${name} tells), thaw it by the first of these that works:`,
        ...report.thaw,
      );
      return;
    default:
      error.more.push(`${name} ${describeWorkload(report)}`);
  }
}
