import { FormatError } from '../base/errors.js';
import { looksLikeArmor } from './age-armor.js';
import { type AgeHeader, parseAgeHeader } from './age-header.js';
import { ChunkOpener, payloadKey, SEALED_CHUNK_SIZE, TAG_SIZE } from './age-stream.js';
import { type AgeKeys, unlockFileKey } from './age-unlock.js';

const BEGIN = /^\s*-----BEGIN AGE ENCRYPTED FILE-----\r?\n/;
const END = '-----END AGE ENCRYPTED FILE-----';
const MAX_SPACE = 1024;

/**
 * Decrypts an age file that comes as a stream, such as standard input; binary or in ASCII armor. Every piece is
 * authenticated before it is handed on, but only the end of the stream tells that nothing is missing.
 *
 * @throws as `openAge`, and at the end when the stream was cut short
 */
export async function* decryptAge(
  input: AsyncIterable<Uint8Array>,
  name: string,
  keys: AgeKeys,
): AsyncGenerator<Uint8Array> {
  const source = new Pending(input);
  await source.fill(MAX_SPACE + 64);
  const binary = looksLikeArmor(source.bytes) ? new Pending(dearmor(source, name)) : source;
  const header = await takeHeader(binary, name);
  const opener = new ChunkOpener(payloadKey(await unlockFileKey(header, keys, name), header.nonce), name);
  for (let chunk = 0; ; chunk += 1) {
    // one byte more than a chunk tells whether it is the last one
    await binary.fill(SEALED_CHUNK_SIZE + 1);
    const last = binary.bytes.length <= SEALED_CHUNK_SIZE;
    const sealed = binary.take(Math.min(SEALED_CHUNK_SIZE, binary.bytes.length));
    if (sealed.length < TAG_SIZE || (sealed.length === TAG_SIZE && chunk > 0)) {
      throw new FormatError(name, undefined, 'truncated: the encrypted payload ends within a chunk');
    }
    const { plain, error } = opener.openAnyway(sealed, chunk, last);
    if (plain.length > 0) yield plain;
    if (error !== undefined) throw error;
    if (last) return;
  }
}

async function takeHeader(source: Pending, name: string): Promise<AgeHeader> {
  for (let wanted = 4096; ; wanted *= 4) {
    const complete = !(await source.fill(wanted));
    const header = parseAgeHeader(source.bytes, name);
    if (header !== undefined) {
      source.take(header.payloadOffset);
      return header;
    }
    if (complete) throw new FormatError(name, source.bytes.length, 'ends within the age header');
  }
}

/** Strict PEM with lines of 64 columns, as age writes it. */
async function* dearmor(source: Pending, name: string): AsyncGenerator<Uint8Array> {
  const begin = BEGIN.exec(Buffer.from(source.bytes).toString('latin1'))?.[0];
  if (begin === undefined) throw new FormatError(name, 0, 'not an age file in ASCII armor');
  source.take(begin.length);
  for (let short = false; ; ) {
    await source.fill(64 * 1024);
    const text = Buffer.from(source.bytes).toString('latin1');
    const lines = text.split('\n').slice(0, -1);
    const last = text.endsWith(END) && text.slice(text.lastIndexOf('\n') + 1) === END;
    if (last) lines.push(END);
    if (lines.length === 0) throw new FormatError(name, undefined, 'armored age file cut short');
    const bytes: Buffer[] = [];
    for (const raw of lines) {
      source.take(Math.min(raw.length + 1, source.bytes.length));
      const line = raw.replace(/\r$/, '');
      if (line === END) {
        yield Buffer.concat(bytes);
        await requireOnlySpace(source, name);
        return;
      }
      const decoded = Buffer.from(line, 'base64');
      if (short || decoded.length === 0 || line.length > 64 || decoded.toString('base64') !== line) {
        throw new FormatError(name, undefined, 'armored age file with a malformed line');
      }
      short = line.length < 64;
      bytes.push(decoded);
    }
    yield Buffer.concat(bytes);
  }
}

async function requireOnlySpace(source: Pending, name: string): Promise<void> {
  await source.fill(MAX_SPACE);
  if (source.bytes.length >= MAX_SPACE || Buffer.from(source.bytes).toString('latin1').trim() !== '') {
    throw new FormatError(name, undefined, 'armored age file with something behind its end');
  }
}

/** What has come of a stream and was not taken yet. */
class Pending {
  bytes: Uint8Array = new Uint8Array(0);
  readonly #input: AsyncIterator<Uint8Array>;

  constructor(input: AsyncIterable<Uint8Array>) {
    this.#input = input[Symbol.asyncIterator]();
  }

  /** Waits until at least `length` bytes are there; false when the stream ends with fewer. */
  async fill(length: number): Promise<boolean> {
    if (this.bytes.length >= length) return true;
    const pieces = [this.bytes];
    let have = this.bytes.length;
    while (have < length) {
      const next = await this.#input.next();
      if (next.done === true) break;
      pieces.push(next.value);
      have += next.value.length;
    }
    this.bytes = Buffer.concat(pieces);
    return have >= length;
  }

  take(length: number): Uint8Array {
    const taken = this.bytes.subarray(0, length);
    this.bytes = this.bytes.subarray(length);
    return taken;
  }
}
