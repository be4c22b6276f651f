import { FormatError } from '../base/errors.js';
import type { ByteSource } from '../bytes/source.js';
import { type CritStyle, critJson, type Decodable } from './crit-json.js';
import { readMessage } from './frame.js';
import { CriuImage, type ImageIdentity, type ImageRecord, identifyImage } from './image.js';
import { type CritObject, jsonOf } from './json-text.js';
import { DecodeBudget } from './message.js';
import { describeRaw, rawContents } from './raw.js';
import { message } from './schema.js';
import { Window } from './window.js';

/**
 * The JSON of any file of a dump, in pieces: an image as {@link critJson} has it, also one of a kind that no CRIU up
 * to 4.2 writes, whose fields are all unknown; of other files (memory pages, dumps of other programs) what they are
 * and their size in bytes.
 *
 * @param name file name, which tells some files from images
 * @throws FormatError at the first entry that makes no sense, behind JSON that ends well
 */
export async function* decodeFile(
  name: string,
  source: ByteSource,
  style: CritStyle,
): AsyncGenerator<string> {
  const image = await findDecodable(name, source);
  if ('records' in image) yield* critJson(image, style);
  else yield jsonOf(describeRaw(name, source, image), style.pretty ? (style.level ?? 0) : undefined);
}

/**
 * What `crit info` says of an image: its magic and the number of its entries. Of other files, what they are.
 *
 * @throws FormatError when the image ends within an entry
 */
export async function fileInfo(name: string, source: ByteSource): Promise<CritObject> {
  const image = await findDecodable(name, source);
  if (!('records' in image)) return describeRaw(name, source, image);
  if (image instanceof CriuImage) return { magic: image.kind, count: await image.count() };
  let count = 0;
  for await (const _ of image.records()) count += 1;
  return { magic: image.kind, count };
}

/** The messages of any file of a dump, to be read one by one; of a file that holds none, what it is. */
export async function openDecodable(
  name: string,
  source: ByteSource,
): Promise<Decodable | { readonly raw: CritObject }> {
  const image = await findDecodable(name, source);
  return 'records' in image ? image : { raw: describeRaw(name, source, image) };
}

async function findDecodable(name: string, source: ByteSource): Promise<Decodable | ImageIdentity> {
  const identity = await identifyImage(source);
  if (rawContents(name) !== undefined) return identity;
  const { kind, magic, start, framed } = identity;
  if (kind !== undefined) return new CriuImage(source, kind, start);
  if (!framed || magic === undefined) return identity;
  const unknown = unknownImage(source, `0x${magic.toString(16).padStart(8, '0')}`, start);
  return (await isReadable(unknown)) ? unknown : identity;
}

const UNKNOWN = message('message of an unknown kind', {});

function unknownImage(source: ByteSource, kind: string, start: number): Decodable {
  return {
    kind,
    source,
    async *records(): AsyncGenerator<ImageRecord> {
      const window = new Window(source, start);
      for (;;) {
        const found = await readMessage(window, UNKNOWN, new DecodeBudget());
        if (found === undefined) return;
        yield { type: UNKNOWN, ...found };
      }
    },
  };
}

/** Whether all of it is messages: a kind that is not known may have something else between them. */
async function isReadable(image: Decodable): Promise<boolean> {
  try {
    for await (const _ of image.records());
    return true;
  } catch (error) {
    if (error instanceof FormatError) return false;
    throw error;
  }
}
