import type { AddressSpace } from '../criu/address-space.js';
import type { Window } from './windows.js';

/** Memory to be searched: that of a process. */
export interface SearchTarget {
  readonly pid: number;
  readonly space: AddressSpace;
}

/** Windows of one target. */
export interface SearchTask {
  readonly target: SearchTarget;
  readonly windows: readonly Window[];
}
