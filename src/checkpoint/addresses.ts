/** An IPv4 address from its four bytes. */
export function formatIpv4(bytes: Uint8Array): string {
  return [...bytes.subarray(0, 4)].join('.');
}

/** An IPv6 address from its 16 bytes as RFC 5952 has it: lower case, the longest run of zeros shortened. */
export function formatIpv6(bytes: Uint8Array): string {
  const groups = Array.from(
    { length: 8 },
    (_, index) => ((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0),
  );
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return `::ffff:${formatIpv4(bytes.subarray(12))}`; // RFC 5952 section 5: mapped IPv4
  }
  const [start, length] = longestZeros(groups);
  const hex = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  if (length < 2) return hex(groups);
  return `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`;
}

function longestZeros(groups: readonly number[]): readonly [start: number, length: number] {
  let best: readonly [number, number] = [0, 0];
  for (let start = 0; start < groups.length; start += 1) {
    let end = start;
    while (groups[end] === 0) end += 1;
    if (end - start > best[1]) best = [start, end - start];
  }
  return best;
}

/**
 * An address as CRIU's inet_sk_entry holds it: 32-bit words, each as a little-endian machine read it from memory
 * in network order (every architecture that CRIU runs containers on is little-endian, s390x apart).
 */
export function formatInetWords(words: readonly number[], ipv6: boolean): string {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  for (const [index, word] of words.slice(0, 4).entries()) view.setUint32(index * 4, word >>> 0, true);
  return ipv6 ? formatIpv6(bytes) : formatIpv4(bytes);
}

/** `127.0.0.1:80`, `[::1]:80`. */
export function formatEndpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** A hardware address: `02:42:ac:11:00:02`. */
export function formatMac(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}
