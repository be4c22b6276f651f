import { withShownUrls } from './shown-url.js';

/** Exit codes of every command; documented in README.md and never renumbered. */
export const ExitCode = {
  done: 0,
  failed: 1,
  usage: 2,
  denied: 3,
  notFound: 4,
  integrity: 5,
  unsafe: 6,
  interrupted: 130,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

export interface ErrorDetails {
  /** One line: what the user can do about it. */
  readonly remedy?: string | undefined;
  /** Lines printed below the remedy as they are: YAML to apply, the failing line of a log. */
  readonly more?: readonly string[] | undefined;
  readonly cause?: unknown;
}

/**
 * What every error that a user may meet derives from: a message of one line saying what happened, a remedy of
 * one line, the exit code of the command that meets it. Messages may quote untrusted text (names in archives,
 * a kubelet's answer): whoever prints one passes it through `escapeText`. They never hold keys, passphrases or
 * the contents of an archive; of a URL in a message, no more than `shownUrl` shows.
 */
export abstract class ColdcaseError extends Error {
  abstract readonly exitCode: ExitCode;
  readonly remedy: string | undefined;
  /** Whoever lets an error pass may add what it leaves behind. */
  readonly more: string[];

  constructor(message: string, details: ErrorDetails = {}) {
    super(withShownUrls(message), details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.remedy = details.remedy;
    this.more = [...(details.more ?? [])];
  }
}

/** The work could not be done, for a reason that no other class names: exit code 1. */
export class FailedError extends ColdcaseError {
  override readonly exitCode = ExitCode.failed;
}

/** The command line asks for something that makes no sense: exit code 2. */
export class UsageError extends ColdcaseError {
  override readonly exitCode = ExitCode.usage;
}

/** Not authenticated, or not allowed, the wrong key among it: exit code 3. */
export class DeniedError extends ColdcaseError {
  override readonly exitCode = ExitCode.denied;
}

/** Keys were given, and none of them is the one: which says nothing about the bytes that they were to open. */
export class WrongKeyError extends DeniedError {}

/** A passphrase was given, and it is not the one. */
export class WrongPassphraseError extends DeniedError {}

/** A pod, container, feature, file, entry or PID that is not there: exit code 4. */
export class NotFoundError extends ColdcaseError {
  override readonly exitCode = ExitCode.notFound;
}

/** Bytes that are not what they should be (hash, authentication tag, truncation): exit code 5. */
export class IntegrityError extends ColdcaseError {
  override readonly exitCode = ExitCode.integrity;
}

/** Something that could be done and must not be (a path outside, a link, a file in the way): exit code 6. */
export class UnsafeError extends ColdcaseError {
  override readonly exitCode = ExitCode.unsafe;
}

/** Stopped by the user (SIGINT, SIGTERM, Esc): exit code 130. */
export class InterruptedError extends ColdcaseError {
  override readonly exitCode = ExitCode.interrupted;
}

const DAMAGED =
  'it is damaged, cut short, or not what it is taken for: get another copy, or compare its hash';

/**
 * A file, archive entry or image whose bytes do not follow their format. `where` is the entry's or file's name,
 * `offset` the byte offset in it at which reading stopped making sense.
 */
export class FormatError extends IntegrityError {
  readonly where: string;
  readonly offset: number | undefined;

  constructor(where: string, offset: number | undefined, problem: string, details: ErrorDetails = {}) {
    super(`${where}${offset === undefined ? '' : ` at offset ${offset}`}: ${problem}`, {
      ...details,
      remedy: details.remedy ?? DAMAGED,
    });
    this.where = where;
    this.offset = offset;
  }
}
