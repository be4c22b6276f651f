import { FormatError } from '../base/errors.js';
import type { ByteSource } from '../bytes/source.js';
import { BASE64_LINE } from './base64.js';
import { base64Characters, MessageWriter } from './crit-message.js';
import type { Extra, QueuedMessage, Range } from './extra.js';
import type { ImageRecord } from './image.js';
import { JsonText } from './json-text.js';

/** Bytes of a payload that are read and encoded at a time. */
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
 * Holds one entry at a time, and of its text a part. When an entry makes no sense, the text ends, as valid JSON,
 * with the entries before it and an `error`; then the error is thrown.
 *
 * @throws FormatError at the first entry that makes no sense
 */
export async function* critJson(image: Decodable, style: CritStyle): AsyncGenerator<string> {
  const out = new JsonText(style.pretty ? (style.level ?? 0) : undefined);
  out.begin('{');
  out.key('magic');
  out.value(image.kind);
  out.key('entries');
  out.begin('[');
  let failure: FormatError | undefined;
  try {
    const writer = new RecordWriter(out, image.source, style.pretty);
    for await (const record of image.records()) {
      out.item();
      if (record.extra === undefined) yield* writer.plain(record);
      else yield* writer.withExtra(record, record.extra);
      if (out.isFull) yield out.take();
    }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    failure = error;
  }
  out.end(']');
  if (failure !== undefined) {
    out.key('error');
    out.value(failure.message);
  }
  out.end('}');
  yield out.take();
  if (failure !== undefined) throw failure;
}

class RecordWriter {
  private readonly messages: MessageWriter;

  constructor(
    private readonly out: JsonText,
    private readonly source: ByteSource,
    pretty: boolean,
  ) {
    this.messages = new MessageWriter(out, pretty);
  }

  plain(record: ImageRecord): Generator<string> {
    return this.messages.message(record.type, record.value);
  }

  async *withExtra(record: ImageRecord, extra: Extra): AsyncGenerator<string> {
    this.out.begin('{');
    yield* this.messages.members(record.type, record.value);
    this.out.key('extra');
    yield* this.extra(extra);
    this.out.end('}');
  }

  private async *extra(extra: Extra): AsyncGenerator<string> {
    const { out } = this;
    switch (extra.kind) {
      case 'bytes':
        yield* this.payload(extra.data);
        return;
      case 'tcp queues':
        out.begin('{');
        out.key('inq');
        yield* this.payload(extra.inq);
        out.key('outq');
        yield* this.payload(extra.outq);
        out.end('}');
        return;
      case 'semaphores':
        out.value(extra.values);
        return;
      case 'messages':
        out.begin('[');
        for (const message of extra.messages) yield* this.queued(message);
        out.end(']');
    }
  }

  /** crit shows the messages of a queue plain, with `--pretty` as well. */
  private async *queued({ type, value, data }: QueuedMessage): AsyncGenerator<string> {
    this.out.item();
    yield* new MessageWriter(this.out, false).message(type, value);
    this.out.item();
    yield* this.payload(data);
  }

  private async *payload({ offset, length }: Range): AsyncGenerator<string> {
    this.out.raw('"');
    for (let at = 0; at < length; at += CHUNK) {
      const bytes = await this.source.read(offset + at, Math.min(CHUNK, length - at));
      this.out.raw(base64Characters(bytes));
      yield this.out.take();
    }
    this.out.raw('"');
  }
}
