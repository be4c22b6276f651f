import { FormatError } from '../base/errors.js';
import type { ByteSource } from './source.js';

/** The first line of an age v1 file (age-encryption.org/v1, "Header"). */
const VERSION_LINE = 'age-encryption.org/v1';
/**
 * Bounds of our own, for headers that are written to exhaust a reader. The largest stanza in use, post-quantum
 * hybrid, takes 1.6 KiB: hundreds of recipients fit.
 */
const MAX_HEADER = 1024 * 1024;
const MAX_LINE = 16 * 1024;
const MAX_STANZAS = 1024;
const NONCE_SIZE = 16;
const LF = 0x0a;

/** An age header as it stands in the file: parsed only as far as finding its end needs. */
export interface AgeHeader {
  /** The textual header, the MAC line and its line feed included. */
  readonly bytes: Uint8Array;
  /** First argument of each stanza: `X25519`, `scrypt`, `mlkem768x25519`, ...; untrusted text. */
  readonly stanzaTypes: readonly string[];
  /** The 16 bytes that salt the payload key. */
  readonly nonce: Uint8Array;
  /** Offset of the first payload chunk. */
  readonly payloadOffset: number;
}

/** Whether bytes are the beginning of a binary (not armored) age v1 file. */
export function looksLikeAge(start: Uint8Array): boolean {
  return Buffer.from(start.subarray(0, VERSION_LINE.length + 1)).toString('latin1') === `${VERSION_LINE}\n`;
}

/** That a file is not encrypted at all. */
export function notAge(name: string): FormatError {
  return new FormatError(name, 0, 'not an age v1 file', {
    remedy: 'it begins unlike anything that age or coldcase seal encrypt: is it the file that is meant?',
  });
}

/**
 * Finds the header and the payload nonce at the beginning of an age file.
 *
 * @param start - the file's first bytes
 * @param name - the file, for errors
 * @returns `undefined` when the header is not complete within `start`: call again with more of the file
 * @throws FormatError when no header can come of these bytes
 */
export function parseAgeHeader(start: Uint8Array, name: string): AgeHeader | undefined {
  const stanzaTypes: string[] = [];
  let offset = 0;
  for (let line = 0; ; line += 1) {
    const end = start.indexOf(LF, offset);
    if ((end < 0 ? start.length : end) - offset > MAX_LINE) {
      throw new FormatError(name, offset, `line of an age header longer than ${MAX_LINE} bytes`);
    }
    if (end > MAX_HEADER || (end < 0 && start.length > MAX_HEADER)) {
      throw new FormatError(name, offset, `age header larger than ${MAX_HEADER} bytes`);
    }
    if (end < 0) return undefined;
    const text = Buffer.from(start.buffer, start.byteOffset + offset, end - offset).toString('latin1');
    if (line === 0) {
      if (text !== VERSION_LINE) throw notAge(name);
    } else if (text.startsWith('-> ')) {
      stanzaTypes.push(text.split(' ', 2)[1] ?? '');
      if (stanzaTypes.length > MAX_STANZAS) {
        throw new FormatError(name, offset, `age header with more than ${MAX_STANZAS} recipients`);
      }
    } else if (text.startsWith('---')) {
      const payloadOffset = end + 1 + NONCE_SIZE;
      if (start.length < payloadOffset) return undefined;
      return {
        bytes: start.slice(0, end + 1),
        stanzaTypes,
        nonce: start.slice(end + 1, payloadOffset),
        payloadOffset,
      };
    } else if (stanzaTypes.length === 0 || text.length > 64) {
      throw new FormatError(name, offset, 'age header with a line that is neither stanza, body nor MAC');
    }
    offset = end + 1;
  }
}

/**
 * Reads the header of an age file (binary: see `openArmor` for ASCII armor).
 *
 * @throws FormatError when the file holds no complete, well-formed header of an acceptable size
 */
export async function readAgeHeader(source: ByteSource): Promise<AgeHeader> {
  for (let wanted = 4096; ; wanted *= 4) {
    const start = await source.read(0, Math.min(wanted, source.size));
    const header = parseAgeHeader(start, source.name);
    if (header !== undefined) return header;
    if (start.length === source.size) {
      throw new FormatError(source.name, source.size, 'ends within the age header');
    }
  }
}
