import {
  ColdcaseError,
  DeniedError,
  ExitCode,
  FailedError,
  IntegrityError,
  InterruptedError,
  NotFoundError,
  UnsafeError,
  UsageError,
} from './errors.js';

/** An error as it goes from one thread to another, where a class does not go along. */
export interface PackedError {
  readonly message: string;
  readonly stack: string | undefined;
  /** Of an error that a user may meet; undefined for a defect. */
  readonly known:
    | { readonly exitCode: ExitCode; readonly remedy: string | undefined; readonly more: readonly string[] }
    | undefined;
}

type Kind = new (message: string, details: { remedy?: string | undefined; more: readonly string[] }) => Error;

const KINDS: Readonly<Partial<Record<ExitCode, Kind>>> = {
  [ExitCode.failed]: FailedError,
  [ExitCode.usage]: UsageError,
  [ExitCode.denied]: DeniedError,
  [ExitCode.notFound]: NotFoundError,
  [ExitCode.integrity]: IntegrityError,
  [ExitCode.unsafe]: UnsafeError,
  [ExitCode.interrupted]: InterruptedError,
};

/** For `postMessage`. */
export function packError(error: unknown): PackedError {
  if (!(error instanceof Error)) return { message: String(error), stack: undefined, known: undefined };
  const { message, stack } = error;
  if (!(error instanceof ColdcaseError)) return { message, stack, known: undefined };
  const { exitCode, remedy, more } = error;
  return { message, stack, known: { exitCode, remedy, more } };
}

/** The error that another thread packed: of the class that its exit code has, a defect still a defect. */
export function unpackError({ message, stack, known }: PackedError): Error {
  const Known = known && KINDS[known.exitCode];
  const error = known === undefined || Known === undefined ? new Error(message) : new Known(message, known);
  if (stack !== undefined) error.stack = stack;
  return error;
}
