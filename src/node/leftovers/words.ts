import { formatDuration, formatSize } from '../../base/units.js';
import type { Leftover } from './look.js';

const DAY = 86_400_000;

/** How long ago, for people: as `formatDuration`, and in days from two days on. */
export function formatAge(milliseconds: number): string {
  if (milliseconds < 0) return 'in the future';
  return milliseconds >= 2 * DAY ? `${Math.floor(milliseconds / DAY)} days` : formatDuration(milliseconds);
}

/** A leftover in a line, for people: what and whose, size, age, path. Untrusted text. */
export function leftoverLine({ engine, what, size, changed, path }: Leftover, now: Date): string {
  const bytes = size === undefined ? 'size not known' : formatSize(size);
  return `${path} (${engine}: ${what}, ${bytes}, ${formatAge(now.getTime() - changed.getTime())} old)`;
}
