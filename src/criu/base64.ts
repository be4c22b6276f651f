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
