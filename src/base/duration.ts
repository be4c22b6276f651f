import { UsageError } from './errors.js';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/**
 * A duration as people type it, in milliseconds: a bare number is seconds (`90`), otherwise numbers with units as
 * Go prints them, largest first or not (`90s`, `2m`, `1m30s`, `1.5h`, `250ms`).
 *
 * @param what - the option's name, for the error
 * @throws UsageError when the text is none, or not positive
 */
export function parseDuration(text: string, what: string): number {
  const wrong = new UsageError(`${what}: ${JSON.stringify(text)} is not a duration`, {
    remedy: `give seconds or a number with a unit: ${what} 90, ${what} 90s, ${what} 2m`,
  });
  if (text.length > 32) throw wrong;
  const total = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : sumOfParts(text);
  if (total === undefined || !Number.isFinite(total) || total <= 0 || total > Number.MAX_SAFE_INTEGER)
    throw wrong;
  return Math.ceil(total);
}

function sumOfParts(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, number, , unit] of text.matchAll(/(\d+(\.\d+)?)(ms|s|m|h)/g)) {
    total += Number(number) * (UNITS[unit ?? ''] ?? 0);
  }
  return total;
}
