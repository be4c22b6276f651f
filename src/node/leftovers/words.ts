import { formatDuration, formatSize } from '../../base/units.js';
import type { Leftover } from './look.js';

const DAY = 86_400_000;

/** What is written to while we look is newer than our "now"; what is newer than that has a clock of its own. */
const SLACK = 60_000;

/** How long ago, for people: as `formatDuration`, and in days from two days on. */
export function formatAge(milliseconds: number, word: 'ago' | 'old'): string {
  if (milliseconds < -SLACK) return 'dated in the future';
  const age = Math.max(0, milliseconds);
  return `${age >= 2 * DAY ? `${Math.floor(age / DAY)} days` : formatDuration(age)} ${word}`;
}

/** A leftover in a line, for people: what and whose, size, age, path. Untrusted text. */
export function leftoverLine(
  {
    engine,
    what,
    size,
    changed,
    path,
  }: Pick<Leftover, 'what' | 'size' | 'changed' | 'path'> & { readonly engine: string },
  now: Date,
): string {
  const bytes = size === undefined ? 'size not known' : formatSize(size);
  return `${path} (${engine}: ${what}, ${bytes}, ${formatAge(now.getTime() - changed.getTime(), 'old')})`;
}
