import { setFlagsFromString } from 'node:v8';

let isSmall = false;

/**
 * From now on V8 collects garbage once the heap has grown to 1.6 times of what is in use, and not only at up to four
 * times. A tenth slower, also because bytecode kept for later modules is no longer taken: for large inputs only.
 */
export function keepHeapSmall(): void {
  if (isSmall) return;
  isSmall = true;
  setFlagsFromString('--heap-growing-percent=60');
}
