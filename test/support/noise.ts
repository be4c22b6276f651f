/** Bytes that do not compress, the same each time. */
export function noise(length: number): Buffer {
  const out = Buffer.alloc(length);
  for (let i = 0, x = 1; i < length; i += 1) {
    x = (x * 1103515245 + 12345) & 0x7fffffff;
    out[i] = x >> 16;
  }
  return out;
}
