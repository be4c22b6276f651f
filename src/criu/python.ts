import { encodeText } from './text.js';

// crit is a Python program, and some of what it prints is how Python prints it.

const SHORT: Readonly<Record<number, string>> = { 9: '\\t', 10: '\\n', 13: '\\r', 92: '\\\\' };

/**
 * A string field as crit prints it: itself, or, when its bytes are not UTF-8, what Python's `str()` makes of bytes
 * (`b'\xff'`).
 */
export function pythonText(text: string): string {
  if (!/\p{Cs}/u.test(text)) return text;
  const bytes = encodeText(text);
  const quote = bytes.includes(0x27) && !bytes.includes(0x22) ? '"' : "'";
  let out = `b${quote}`;
  for (const byte of bytes) {
    if (byte === quote.charCodeAt(0)) out += `\\${quote}`;
    else if (SHORT[byte] !== undefined) out += SHORT[byte];
    else if (byte < 0x20 || byte > 0x7e) out += `\\x${byte.toString(16).padStart(2, '0')}`;
    else out += String.fromCharCode(byte);
  }
  return out + quote;
}

/** Bytes of a line in Python's `base64.encodebytes`: 76 characters. */
export const BASE64_LINE = 57;

/**
 * Base64 as Python's `base64.encodebytes` writes it: 76 characters a line, a newline behind each line. Long runs can
 * be encoded in pieces of a multiple of {@link BASE64_LINE} bytes.
 */
export function pythonBase64(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
  return text.replace(/.{1,76}/g, '$&\n');
}
