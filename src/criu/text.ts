import { isUtf8 } from 'node:buffer';

/**
 * UTF-8 to text. A byte that is no part of a character becomes the lone surrogate U+DC00 + byte, which no valid
 * UTF-8 decodes to: paths and names on Linux are bytes, and none of them is lost (Python's `surrogateescape`).
 */
export function decodeText(bytes: Uint8Array): string {
  if (isUtf8(bytes)) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
  const units = Buffer.alloc(2 * bytes.length); // no character has more UTF-16 units than bytes
  let end = 0;
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes, at);
    if (length === 0) end = units.writeUInt16LE(0xdc00 + (bytes[at] ?? 0), end);
    else
      end += units.write(
        Buffer.from(bytes.buffer, bytes.byteOffset + at, length).toString('utf8'),
        end,
        'utf16le',
      );
    at += Math.max(length, 1);
  }
  return units.toString('utf16le', 0, end);
}

/** How many bytes the character at `at` takes; 0 when there is none. */
function characterLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] ?? 0;
  const length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  return length > 0 && isUtf8(bytes.subarray(at, at + length)) ? length : 0;
}
