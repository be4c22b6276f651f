import type { TarAccess } from '../archive/tar-access.js';
import type { PackedError } from '../base/thread-error.js';
import type { Position, ScannerOptions, TaskOutcome } from './window-scanner.js';
import type { Window } from './windows.js';

/** What a worker of a search is started with. */
export interface WorkerSetup {
  readonly access: TarAccess;
  /** Descriptor of a plain tar, open for as long as the search runs; undefined when the tar has to be unpacked. */
  readonly descriptor: number | undefined;
  readonly scanner: ScannerOptions;
}

/** A task for a worker; pieces of its windows have offsets in the tar. */
export interface TaskMessage {
  readonly id: number;
  readonly windows: readonly Window[];
  readonly from: Position;
}

/** A worker's answer: what came of a task, or why the archive could not be read. */
export type TaskAnswer =
  | { readonly id: number; readonly outcome: TaskOutcome; readonly failure?: undefined }
  | { readonly id: number; readonly outcome?: undefined; readonly failure: PackedError };
