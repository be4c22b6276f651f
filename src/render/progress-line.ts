import { formatDuration, formatSize } from '../base/units.js';
import { escapeText } from './escape.js';

/**
 * How far long work is, in one line: share, bytes, rate and time left, as far as each is known.
 *
 * @param phase - what is being done; untrusted text
 * @param done - bytes so far
 * @param rate - bytes per millisecond; not a number or infinite before there is anything to measure
 */
export function progressLine(phase: string, done: number, total: number | undefined, rate: number): string {
  const parts = [escapeText(phase)];
  if (total === undefined || total <= 0) {
    parts.push(formatSize(done));
  } else {
    const percent = Math.min(100, Math.floor((done / total) * 100));
    parts.push(`${percent}%`, `${formatSize(done)} of ${formatSize(total)}`);
  }
  if (Number.isFinite(rate) && rate > 0) {
    parts.push(`${formatSize(rate * 1000)}/s`);
    if (total !== undefined && total > done) parts.push(`${formatDuration((total - done) / rate)} left`);
  }
  return parts.join('  ');
}
