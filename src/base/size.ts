import { UsageError } from './errors.js';

/**
 * A size as people type it, in bytes: a bare number, or a number with K, M, G or T, which are binary (`4G`, `512MiB`,
 * `1.5Gi`).
 *
 * @param what - the option's name, for the error
 * @throws UsageError when the text is none, or not positive
 */
export function parseSize(text: string, what: string): number {
  const match = /^(\d{1,15}(?:\.\d{1,6})?)\s?([KMGT]?)(?:i?B?)$/i.exec(text.trim());
  const scale = 1024 ** ' KMGT'.indexOf((match?.[2] ?? '').toUpperCase() || ' ');
  const bytes = match === null ? Number.NaN : Math.floor(Number(match[1]) * scale);
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  throw new UsageError(`${what}: ${JSON.stringify(text)} is not a size`, {
    remedy: `give bytes or a number with a unit: ${what} 4G, ${what} 512M`,
  });
}
