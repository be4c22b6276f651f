import { FormatError } from '../base/errors.js';
import type { ByteSource } from './source.js';

const BEGIN = '-----BEGIN AGE ENCRYPTED FILE-----';
const END = '-----END AGE ENCRYPTED FILE-----';
/** White space allowed before and after the armor, as age's own reader allows it. */
const MAX_SPACE = 1024;
/** Every line but the last holds this many characters, and so three quarters as many bytes. */
const LINE_CHARACTERS = 64;
const LINE_BYTES = 48;
const BATCH_LINES = 1024;

/** Whether bytes are the beginning of an ASCII-armored age file. */
export function looksLikeArmor(start: Uint8Array): boolean {
  return Buffer.from(start).toString('latin1').trimStart().startsWith(BEGIN);
}

/**
 * The binary age file within an ASCII-armored one (strict PEM, lines of 64 columns). Since every line has the
 * same length, any range is found without reading what is before it.
 *
 * @throws FormatError when the first and last lines are not those of the armor
 */
export async function openArmor(source: ByteSource): Promise<ByteSource> {
  const head = text(await source.read(0, Math.min(source.size, MAX_SPACE + BEGIN.length + 2)));
  const begin = head.length - head.trimStart().length;
  const newline = head.startsWith('\r\n', begin + BEGIN.length) ? '\r\n' : '\n';
  if (!head.startsWith(BEGIN + newline, begin)) {
    throw new FormatError(source.name, begin, 'not an age file in ASCII armor');
  }
  const tailLength = Math.min(source.size, MAX_SPACE + END.length + LINE_CHARACTERS + 4);
  const tail = text(await source.read(source.size - tailLength, tailLength)).trimEnd();
  const bodyStart = begin + BEGIN.length + newline.length;
  const bodyEnd = source.size - tailLength + tail.length - END.length;
  if (!tail.endsWith(END) || bodyEnd <= bodyStart) {
    throw new FormatError(source.name, source.size, 'armored age file without its last line: truncated');
  }
  return openBody(source, bodyStart, bodyEnd, newline);
}

async function openBody(
  source: ByteSource,
  start: number,
  end: number,
  newline: string,
): Promise<ByteSource> {
  const stride = LINE_CHARACTERS + newline.length;
  const lines = Math.ceil((end - start) / stride);
  const lastStart = start + (lines - 1) * stride;
  const lastLine = text(await source.read(lastStart, end - lastStart));
  const lastBytes = decode(lastLine.slice(0, -newline.length), source.name, lastStart).length;
  if (!lastLine.endsWith(newline) || lastBytes === 0) {
    throw new FormatError(source.name, lastStart, 'armored age file with a malformed last line');
  }
  return new ArmorSource(source, start, end, newline, (lines - 1) * LINE_BYTES + lastBytes);
}

class ArmorSource implements ByteSource {
  readonly name: string;
  readonly #source: ByteSource;
  readonly #start: number;
  readonly #end: number;
  readonly #newline: string;
  readonly size: number;

  constructor(source: ByteSource, start: number, end: number, newline: string, size: number) {
    this.#source = source;
    this.#start = start;
    this.#end = end;
    this.#newline = newline;
    this.size = size;
    this.name = source.name;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    if (offset < 0 || length < 0 || offset + length > this.size) {
      throw new FormatError(this.name, offset, `${length} bytes wanted past the end of the armor`);
    }
    const out = Buffer.alloc(length);
    const firstLine = Math.floor(offset / LINE_BYTES);
    const endLine = Math.ceil((offset + length) / LINE_BYTES);
    for (let line = firstLine; line < endLine; line += BATCH_LINES) {
      const bytes = await this.#lines(line, Math.min(BATCH_LINES, endLine - line));
      const at = line * LINE_BYTES - offset;
      bytes.subarray(Math.max(0, -at), length - at).copy(out, Math.max(0, at));
    }
    return out;
  }

  async #lines(first: number, count: number): Promise<Buffer> {
    const stride = LINE_CHARACTERS + this.#newline.length;
    const from = this.#start + first * stride;
    const raw = text(await this.#source.read(from, Math.min(count * stride, this.#end - from)));
    let characters = '';
    for (let at = 0; at < raw.length; at += stride) {
      const line = raw.slice(at, at + stride);
      if (!line.endsWith(this.#newline)) {
        throw new FormatError(this.name, from + at, `armored line that is not of ${LINE_CHARACTERS} columns`);
      }
      characters += line.slice(0, -this.#newline.length);
    }
    return decode(characters, this.name, from);
  }

  close(): Promise<void> {
    return this.#source.close();
  }
}

/** Strict base64: what Node's lenient decoder would skip or round does not encode back to the same text. */
function decode(characters: string, name: string, offset: number): Buffer {
  const bytes = Buffer.from(characters, 'base64');
  if (bytes.toString('base64') !== characters) {
    throw new FormatError(name, offset, 'armored age file with malformed base64');
  }
  return bytes;
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
