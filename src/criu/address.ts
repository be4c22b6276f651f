/**
 * An address as images hold it (32-bit words whose bytes are in network order when stored little-endian) as text:
 * one word is IPv4, four are IPv6 in its shortest form, with the last part dotted when it is an IPv4 address in
 * IPv6.
 *
 * @returns undefined for any other number of words
 */
export function addressText(words: readonly number[]): string | undefined {
  const bytes = words.flatMap((word) => [word & 255, (word >>> 8) & 255, (word >>> 16) & 255, word >>> 24]);
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) return undefined;
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0));
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return `::ffff:${bytes.slice(12).join('.')}`;
  }
  return shortest(groups);
}

/** RFC 5952: the longest run of two or more zero groups, the first of equals, becomes `::`. */
function shortest(groups: readonly number[]): string {
  const hex = groups.map((group) => group.toString(16));
  let best = { start: 0, length: 1 };
  for (let start = 0; start < groups.length; start += 1) {
    let end = start;
    while (groups[end] === 0) end += 1;
    if (end - start > best.length) best = { start, length: end - start };
  }
  if (best.length < 2) return hex.join(':');
  return `${hex.slice(0, best.start).join(':')}::${hex.slice(best.start + best.length).join(':')}`;
}
