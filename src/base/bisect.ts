/**
 * The first index for which a test does not hold, where it holds for all before it and for none behind: how many it
 * holds for. `length` when it holds for all.
 *
 * @param length - how many indexes there are, from 0
 */
export function bisect(length: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2);
    if (holds(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** As `bisect`, with a test of a list's items. */
export function bisectList<T>(list: readonly T[], holds: (item: T) => boolean): number {
  return bisect(list.length, (index) => {
    const item = list[index];
    return item !== undefined && holds(item);
  });
}
