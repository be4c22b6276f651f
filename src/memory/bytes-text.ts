/**
 * Bytes as text that says exactly what they are: UTF-8 where they are valid, `\xNN` for every other byte and for
 * control characters, `\\` for a backslash.
 */
export function bytesText(bytes: Uint8Array): string {
  let out = '';
  for (let at = 0; at < bytes.length; ) {
    const length = validLength(bytes, at);
    const byte = bytes[at] ?? 0;
    if (length === 0 || byte < 0x20 || byte === 0x7f) {
      out += `\\x${byte.toString(16).padStart(2, '0')}`;
      at += 1;
    } else {
      const character = Buffer.from(bytes.buffer, bytes.byteOffset + at, length).toString('utf8');
      out += character === '\\' ? '\\\\' : character;
      at += length;
    }
  }
  return out;
}

/** Length of the well-formed UTF-8 sequence at an offset (Unicode 15, table 3-7); 0 when there is none. */
function validLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  const length =
    first >= 0xc2 && first < 0xe0
      ? 2
      : first >= 0xe0 && first < 0xf0
        ? 3
        : first >= 0xf0 && first < 0xf5
          ? 4
          : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  const second = bytes[at + 1] ?? 0;
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let i = 2; i < length; i += 1) if (((bytes[at + i] ?? 0) & 0xc0) !== 0x80) return 0;
  return length;
}

/**
 * Text of {@link bytesText} for a column whose renderer escapes by itself: what was escaped here is a bare character
 * again, bytes that are not UTF-8 as lone surrogates (U+DC80 to U+DCFF), which every renderer shows by number.
 */
export function bareText(text: string): string {
  return text.replace(/\\(?:\\|x([0-9a-f]{2}))/g, (_all, hex: string | undefined) => {
    if (hex === undefined) return '\\';
    const byte = Number.parseInt(hex, 16);
    return String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte);
  });
}
