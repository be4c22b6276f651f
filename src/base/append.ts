/**
 * Puts items behind those of a list. Not by `push(...items)`, which makes each an argument: a call takes no more of
 * them than some hundred thousand.
 */
export function append<T>(list: T[], items: Iterable<T>): void {
  for (const item of items) list.push(item);
}
