import { FormatError } from '../base/errors.js';

/**
 * Checks that `length` bytes from `offset` lie within a source of `size` bytes.
 *
 * @throws FormatError naming the source, when they do not or are no whole numbers
 */
export function requireRange(source: { name: string; size: number }, offset: number, length: number): void {
  const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0;
  if (whole && offset + length <= source.size) return;
  throw new FormatError(source.name, offset, `needs ${length} bytes here, but it ends at ${source.size}`);
}
