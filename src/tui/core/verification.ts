import { formatDuration, formatSize } from '../../base/units.js';
import { progressLine } from '../../render/progress-line.js';
import type { Tone } from './outline.js';
import type { Run } from './work.js';

/** One thing that was looked at, in the words of `coldcase verify`. The detail may quote untrusted text. */
export interface VerifiedCheck {
  readonly check: string;
  readonly verdict: 'ok' | 'failed' | 'not checked';
  readonly detail: string;
}

/** What checking the whole archive came to. */
export interface Verified {
  readonly checks: readonly VerifiedCheck[];
  /** SHA-256 of the file as it is stored, in lower-case hex. */
  readonly fileSha256?: string | undefined;
  /** SHA-256 of the tar that is sealed in it. */
  readonly tarSha256?: string | undefined;
}

/** Whoever can check an archive: handed in, as these screens know nothing of seals. */
export interface Verifier {
  /**
   * `sealed`: all of it can be checked. `hash`: nothing is recorded in it, so only its SHA-256 can be computed.
   * `none`: it cannot be read again, and `why` says what to do instead.
   */
  readonly can: 'sealed' | 'hash' | 'none';
  readonly why?: string;
  /** Bytes of the archive as it is stored. */
  readonly size: number;
  /** Looks for the manifest, and compares what can be compared without reading the archive. */
  atOpening(): Promise<readonly VerifiedCheck[]>;
  /** Checks everything. A fault of the archive is a verdict; only what is no fault of it is thrown. */
  all(
    run: Pick<Run, 'signal'> & { progress(phase: string, done: number, total: number): void },
  ): Promise<Verified>;
}

/** What is known of the archive's integrity at one moment. */
export interface Verification {
  readonly can: Verifier['can'];
  readonly why?: string | undefined;
  readonly size: number;
  /** What opening found; absent until it has looked. */
  readonly opening?: readonly VerifiedCheck[] | undefined;
  readonly running?: VerifyingNow | undefined;
  /** Of the last run that came to its end. */
  readonly result?: (Verified & { readonly time: string; readonly milliseconds: number }) | undefined;
  /** Why the last run did not come to its end. */
  readonly problem?: string | undefined;
}

export interface VerifyingNow {
  readonly phase: string;
  readonly done: number;
  readonly total: number;
  /** Bytes per millisecond in this phase; not a number before there is anything to measure. */
  readonly rate: number;
}

/** `verified`: everything was checked. `incomplete`: nothing wrong, but not all could be checked. */
export type VerificationOutcome = 'verified' | 'failed' | 'incomplete' | 'hashed' | 'not verified';

export function outcomeOf({ can, result }: Verification): VerificationOutcome {
  if (result === undefined) return 'not verified';
  if (result.checks.some(({ verdict }) => verdict === 'failed')) return 'failed';
  if (can === 'hash') return result.checks.some(({ verdict }) => verdict === 'ok') ? 'verified' : 'hashed';
  return result.checks.every(({ verdict }) => verdict === 'ok') ? 'verified' : 'incomplete';
}

/** A line of the overview: what it says, and how it is to be taken. */
export interface Standing {
  readonly text: string;
  readonly tone?: Tone;
  readonly mark?: string;
}

/** What was found beside the archive on opening. */
export function manifestStanding({ opening, can }: Verification): Standing {
  if (opening === undefined) return { text: 'being looked for', tone: 'dim' };
  const failed = opening.find(({ verdict }) => verdict === 'failed');
  if (failed !== undefined)
    return { text: `DISAGREES: ${failed.check}: ${failed.detail}`, tone: 'bad', mark: '!' };
  const agrees = opening.filter(({ verdict }) => verdict === 'ok').map(({ check }) => check);
  if (agrees.length > 0) {
    const what = agrees.filter((check) => check !== 'manifest').join(', ');
    return { text: `agrees: ${what}`, tone: 'good' };
  }
  const text = opening[0]?.detail ?? 'not looked for';
  return can === 'sealed' ? { text, tone: 'warn', mark: '?' } : { text, tone: 'dim' };
}

/** Whether the archive has been verified, and what came of it. */
export function verifiedStanding(verification: Verification): Standing {
  const { running, result, problem, can, size } = verification;
  if (running !== undefined) return { text: `${shortText(running)}; Esc stops`, tone: 'key' };
  if (result === undefined) {
    if (can === 'none') return { text: verification.why ?? 'cannot be verified here', tone: 'dim' };
    if (problem !== undefined)
      return { text: `not verified: ${problem}; V tries again`, tone: 'warn', mark: '?' };
    if (can === 'sealed') {
      const text = `not yet: V checks all ${formatSize(size)}; key and index authenticate`;
      return { text, tone: 'warn' };
    }
    const comparable = verification.opening?.some(({ verdict }) => verdict === 'ok') === true;
    const text = comparable
      ? 'not sealed: V compares its SHA-256 with the manifest'
      : 'not sealed, nothing to verify against: V computes its SHA-256';
    return { text, tone: 'dim' };
  }
  const when = `${result.time}, in ${formatDuration(result.milliseconds)}`;
  const failed = result.checks.filter(({ verdict }) => verdict === 'failed');
  const skipped = result.checks.filter(({ verdict }) => verdict === 'not checked').map(({ check }) => check);
  const [first] = failed;
  switch (outcomeOf(verification)) {
    case 'failed':
      return { text: `FAILED ${result.time}: ${first?.check}: ${first?.detail}`, tone: 'bad', mark: '!' };
    case 'verified':
      return { text: `verified ${when}: ${holding(result.checks.length)}`, tone: 'good' };
    case 'hashed':
      return { text: `SHA-256 computed ${when}; nothing to compare it with`, tone: 'good' };
    default:
      return { text: `nothing wrong ${when}; not checked: ${skipped.join(', ')}`, tone: 'warn', mark: '?' };
  }
}

function holding(count: number): string {
  return count === 1 ? 'it holds' : `all ${count} checks hold`;
}

/** How far a run is, for a narrow line. */
function shortText({ phase, done, total, rate }: VerifyingNow): string {
  const parts = [`${phase} ${Math.floor((done * 100) / Math.max(1, total))}% of ${formatSize(total)}`];
  if (Number.isFinite(rate) && rate > 0) {
    parts.push(`${formatSize(rate * 1000)}/s`, `${formatDuration((total - done) / rate)} left`);
  }
  return parts.join(', ');
}

/** How far a run is. */
export function runningText({ phase, done, total, rate }: VerifyingNow): string {
  return progressLine(phase, done, total, rate);
}
