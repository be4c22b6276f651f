import type { AddressSpace } from '../criu/address-space.js';

/** A process and its memory. */
export interface NamedMemory {
  readonly pid: number;
  readonly comm: string;
  readonly space: AddressSpace;
}
