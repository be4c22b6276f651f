import { FormatError } from '../base/errors.js';
import type { ByteSource } from '../bytes/source.js';
import { BASE64_LINE, pythonBase64 } from './base64.js';
import type { Extra } from './extra.js';
import type { ImageRecord } from './image.js';
import { type JsonPiece, type JsonValue, jsonPieces, jsonString, lineBreak, Payload } from './json-text.js';
import { presentMessage } from './present.js';

/** Bytes of a payload that are encoded at a time. */
const CHUNK = BASE64_LINE * 1024;

/** How JSON is written: as `crit decode`, or as `crit decode --pretty`. */
export interface CritStyle {
  readonly pretty: boolean;
  /** How many levels the image is indented by; only with `pretty`. */
  readonly level?: number;
}

/** What {@link critJson} needs of an image. */
export interface Decodable {
  readonly kind: string;
  readonly source: ByteSource;
  records(): AsyncIterable<ImageRecord>;
}

/**
 * The JSON of an image, in pieces: `{"magic": KIND, "entries": [...]}`, what follows a message under its `extra`.
 * Holds one entry at a time. When an entry makes no sense, the text ends, as valid JSON, with the entries before it
 * and an `error`; then the error is thrown.
 *
 * @throws FormatError at the first entry that makes no sense
 */
export async function* critJson(image: Decodable, style: CritStyle): AsyncGenerator<string> {
  const base = style.pretty ? (style.level ?? 0) : undefined;
  const [inside, item] = base === undefined ? [undefined, undefined] : [base + 1, base + 2];
  const comma = base === undefined ? ', ' : ',';
  yield `{${lineBreak(inside)}"magic": ${jsonString(image.kind)}${comma}${lineBreak(inside)}"entries": [`;
  let first = true;
  let failure: FormatError | undefined;
  try {
    for await (const record of image.records()) {
      yield `${first ? '' : comma}${lineBreak(item)}`;
      first = false;
      for (const piece of jsonPieces(presentRecord(record, style.pretty), item))
        yield* pieceText(piece, image.source);
    }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    failure = error;
  }
  yield `${first ? '' : lineBreak(inside)}]`;
  if (failure !== undefined) yield `${comma}${lineBreak(inside)}"error": ${jsonString(failure.message)}`;
  yield `${lineBreak(base)}}`;
  if (failure !== undefined) throw failure;
}

function presentRecord(record: ImageRecord, pretty: boolean): JsonValue {
  const entry = presentMessage(record.type, record.value, pretty);
  return record.extra === undefined ? entry : { ...entry, extra: presentExtra(record.extra) };
}

function presentExtra(extra: Extra): JsonValue {
  switch (extra.kind) {
    case 'bytes':
      return new Payload(extra.data);
    case 'tcp queues':
      return { inq: new Payload(extra.inq), outq: new Payload(extra.outq) };
    case 'semaphores':
      return extra.values;
    case 'messages': // crit shows these plain, with --pretty as well
      return extra.messages.flatMap(({ type, value, data }) => [
        presentMessage(type, value, false),
        new Payload(data),
      ]);
  }
}

async function* pieceText(piece: JsonPiece, source: ByteSource): AsyncGenerator<string> {
  if (!(piece instanceof Payload)) {
    yield piece;
    return;
  }
  const { offset, length } = piece.range;
  for (let at = 0; at < length; at += CHUNK) {
    const bytes = await source.read(offset + at, Math.min(CHUNK, length - at));
    yield pythonBase64(bytes).replaceAll('\n', '\\n');
  }
}
