const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });
/** What stands in a text for a byte that is no UTF-8: U+DC00 + byte. */
const BYTE = 0xdc00;

/**
 * Bytes to text, none of them lost: names on Linux are bytes. A byte that is no part of a character becomes the lone
 * surrogate U+DC00 + byte, which no valid UTF-8 decodes to (Python's `surrogateescape`): two texts are equal only if
 * their bytes are.
 */
export function decodeText(bytes: Uint8Array): string {
  const text = UTF8.decode(bytes);
  // one look at the text is faster than one at the bytes before: names are short, and nearly all are UTF-8
  return text.includes('\ufffd') ? decodeEach(bytes) : text;
}

function decodeEach(bytes: Uint8Array): string {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const units = Buffer.alloc(2 * bytes.length); // no character has more UTF-16 units than bytes
  let end = 0;
  let start = 0; // of the characters that are not written yet
  const characters = (to: number): void => {
    if (start < to) end += units.write(view.toString('utf8', start, to), end, 'utf16le');
  };
  for (let at = 0; at < view.length; ) {
    const length = characterLength(view, at);
    if (length === 0) {
      characters(at);
      end = units.writeUInt16LE(BYTE + (view[at] ?? 0), end);
      start = at + 1;
    }
    at += Math.max(length, 1);
  }
  characters(view.length);
  return units.toString('utf16le', 0, end);
}

/**
 * How many bytes the character at `at` takes; 0 when there is none: an overlong form, a surrogate, what is beyond
 * U+10FFFF, or cut short (Unicode's table 3-7).
 */
function characterLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] ?? 0;
  if (lead < 0x80) return 1;
  const length = leadLength(lead);
  const [least = 0x80, most = 0xbf] = SECOND[lead] ?? [];
  for (let next = 1; next < length; next += 1) {
    const byte = bytes[at + next] ?? 0;
    if (byte < (next === 1 ? least : 0x80) || byte > (next === 1 ? most : 0xbf)) return 0;
  }
  return length;
}

/** The second byte after those leads for which it may not be any from 0x80 to 0xbf. */
const SECOND: Readonly<Record<number, readonly [least: number, most: number]>> = {
  224: [0xa0, 0xbf],
  237: [0x80, 0x9f],
  240: [0x90, 0xbf],
  244: [0x80, 0x8f],
};

/** {@link decodeText} of what comes in pieces, which may be cut within a character. */
export class TextPieces {
  #rest: Uint8Array = new Uint8Array(0);

  /** The text up to the last character that is whole. */
  push(piece: Uint8Array): string {
    const bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    const end = bytes.length - openBytes(bytes);
    this.#rest = bytes.slice(end);
    return decodeText(bytes.subarray(0, end));
  }

  /** What is left, when nothing more comes. */
  end(): string {
    const text = decodeText(this.#rest);
    this.#rest = new Uint8Array(0);
    return text;
  }
}

/** How many bytes at the end may be the start of a character. */
function openBytes(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte >= 0xc2) return byte > 0xf4 || back >= leadLength(byte) ? 0 : back;
    if (byte < 0x80) return 0;
  }
  return 0;
}

/** How many bytes a character takes that begins with this one; 0 when none does. */
function leadLength(lead: number): number {
  return lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
}

/**
 * The bytes that {@link decodeText} made a text from. Other lone surrogates, which only a text from elsewhere has
 * (JSON may), become three bytes that are no UTF-8, and so are equal to no name that is.
 */
export function encodeText(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text, 'utf8');
  const bytes = Buffer.alloc(3 * text.length);
  let end = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (isByte(code)) bytes[end++] = code - BYTE;
    else if (code < 0xd800 || code > 0xdfff) end += bytes.write(character, end, 'utf8');
    else end = bytes.writeUIntBE(surrogateBytes(code), end, 3);
  }
  return bytes.subarray(0, end);
}

/** Whether a code point stands for a byte that is no UTF-8. */
export function isByte(code: number): boolean {
  return code >= BYTE + 0x80 && code <= BYTE + 0xff;
}

/** A surrogate as UTF-8 would have it, if it had surrogates. */
function surrogateBytes(code: number): number {
  return 0xe08080 | ((code >> 12) << 16) | (((code >> 6) & 0x3f) << 8) | (code & 0x3f);
}

/** Whether bytes could be decoded to this very text: not if it has halves of pairs, or UTF-8 in parts. */
export function isDecoded(text: string): boolean {
  return text.isWellFormed() || decodeText(encodeText(text)) === text;
}

/** A path for the functions of `fs`, which make U+FFFD of every lone surrogate: bytes where it has any. */
export function fsPath(path: string): string | Buffer {
  return path.isWellFormed() ? path : encodeText(path);
}
