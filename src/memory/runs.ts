/**
 * Finds runs of printable ASCII (0x20 to 0x7e, and tabs) in bytes, however they are encoded.
 *
 * @param bytes - what is to be searched, to its end
 * @param seen - so many bytes at the beginning are an unfinished run, as an earlier call returned it
 * @param min - shortest run wanted, in characters
 * @param found - called with the offsets of the first byte of a run and of the one behind it, ascending
 * @returns where the run begins that the end of the bytes cuts; their length when there is none
 */
export type RunScanner = (
  bytes: Uint8Array,
  seen: number,
  min: number,
  found: (from: number, to: number) => void,
) => number;

/** All ones for printable characters, zero for all others. */
const PRINTABLE = Int32Array.from({ length: 256 }, (_, code) =>
  (code >= 0x20 && code < 0x7f) || code === 9 ? -1 : 0,
);

/** One byte a character. Memory is full of noise, so that it takes no branch that depends on a single byte. */
export const asciiRuns: RunScanner = (bytes, seen, min, found) => {
  let length = seen;
  for (let at = seen; at < bytes.length; at += 1) {
    const mask = PRINTABLE[bytes[at] ?? 0] ?? 0;
    const ended = length & ~mask;
    if (ended >= min) found(at - ended, at);
    length = (length + 1) & mask;
  }
  return bytes.length - length;
};

/** UTF-16LE, at any alignment: a zero behind each character. Of what is cut, the last character may lack it. */
export const wideRuns: RunScanner = (bytes, seen, min, found) => {
  let from = 0;
  for (let at = seen - (seen % 2); at + 1 < bytes.length; ) {
    if (isWide(bytes, at)) {
      at += 2;
      continue;
    }
    if (at - from >= 2 * min) found(from, at);
    // a character is not zero: no other run can have begun within this one
    at += 1;
    from = at;
  }
  const odd = (bytes.length - from) % 2 === 1;
  if (!odd || isPrintable(bytes, bytes.length - 1)) return from;
  if (bytes.length - 1 - from >= 2 * min) found(from, bytes.length - 1);
  return bytes.length;
};

function isWide(bytes: Uint8Array, at: number): boolean {
  return bytes[at + 1] === 0 && isPrintable(bytes, at);
}

function isPrintable(bytes: Uint8Array, at: number): boolean {
  return PRINTABLE[bytes[at] ?? 0] !== 0;
}
