import { FormatError } from '../base/errors.js';
import { JSON_LIMITS, type JsonObject, type JsonValue, tryJson } from '../base/json.js';
import { isList, isObject } from '../base/json-fields.js';
import { encodeText, isDecoded } from '../base/text.js';
import { compressZstd, decodeFrame, frameContentSize } from '../bytes/zstd.js';
import { type ArchiveEntry, ENTRY_TYPES, type EntryType } from './entry.js';
import { sparseRuns } from './pax.js';

/** Magic of the skippable frame that holds the index of a sealed file. */
export const INDEX_MAGIC = 0x184d2a5c;
const SIGNATURE = 'coldcase';
const VERSION = 1;
const SKIPPABLE_HEADER = 8;
const FRAME_OFFSET = SKIPPABLE_HEADER + SIGNATURE.length + 4;

/**
 * An index whose JSON is larger than this is written without the entries, and not believed when read: parsed, JSON
 * made for that takes twenty times its size.
 */
const MAX_JSON = 16 * 1024 * 1024;
/** As many values as there can be in entries of that much JSON: three in 28 bytes of a sparse map. */
const JSON_IN_INDEX = { ...JSON_LIMITS, bytes: MAX_JSON, values: 2_000_000 };

/** What a sealed file says about the tar that is sealed in it. */
export interface SealedIndex {
  readonly tar: { readonly size: number; readonly sha256: string };
  /** The tar's entries; null where there are too many to keep: readers then hop over the headers. */
  readonly entries: readonly ArchiveEntry[] | null;
  /** Whether the tar's end is marked as it should be. */
  readonly marked: boolean;
  /** The record of the capture (src/seal/capture-record.ts) as it stands there; null when there was none. */
  readonly capture: JsonObject | null;
}

/**
 * The whole skippable frame: magic, length, signature, version, and one zstd frame of JSON. Names are the texts of
 * `decodeText`: a byte that is no UTF-8 is an escape from `\udc80` to `\udcff` there.
 */
export function encodeSealedIndex(index: SealedIndex): Uint8Array {
  const json = (entries: SealedIndex['entries']): Buffer =>
    Buffer.from(JSON.stringify({ version: VERSION, ...index, entries }));
  let text = json(index.entries);
  if (text.length > MAX_JSON) text = json(null);
  const frame = compressZstd(text, 6);
  const bytes = Buffer.alloc(FRAME_OFFSET + frame.length);
  bytes.writeUInt32LE(INDEX_MAGIC, 0);
  bytes.writeUInt32LE(bytes.length - SKIPPABLE_HEADER, 4);
  bytes.write(SIGNATURE, SKIPPABLE_HEADER, 'latin1');
  bytes.writeUInt32LE(VERSION, SKIPPABLE_HEADER + SIGNATURE.length);
  bytes.set(frame, FRAME_OFFSET);
  return bytes;
}

/** Whether a skippable frame is an index of ours, of whatever version. */
export function isSealedIndex(frame: Uint8Array): boolean {
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.length);
  return (
    bytes.length > FRAME_OFFSET &&
    bytes.readUInt32LE(0) === INDEX_MAGIC &&
    bytes.toString('latin1', SKIPPABLE_HEADER, SKIPPABLE_HEADER + SIGNATURE.length) === SIGNATURE
  );
}

/**
 * Reads and checks an index. age vouches for it being what was sealed, not for who sealed it: every number in it
 * is checked, and every entry must lie within the tar, behind the one before it.
 *
 * @param offset - where the frame stands in the decrypted file, for errors
 * @param tarSize - size of the tar by the seek table
 * @throws FormatError when it is malformed, of another version, or contradicts the seek table
 */
export function decodeSealedIndex(
  frame: Uint8Array,
  where: string,
  offset: number,
  tarSize: number,
): SealedIndex {
  const fail = (problem: string): FormatError =>
    new FormatError(where, offset, `the sealed index ${problem}`, {
      remedy: 'run verify on it; unseal still gives the tar itself',
    });
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.length);
  if (!isSealedIndex(bytes) || bytes.readUInt32LE(4) !== bytes.length - SKIPPABLE_HEADER) {
    throw fail('is malformed');
  }
  const version = bytes.readUInt32LE(SKIPPABLE_HEADER + SIGNATURE.length);
  if (version !== VERSION) throw fail(`has version ${version}, which this release does not know`);
  const value = parseIndex(bytes.subarray(FRAME_OFFSET), where, offset, fail);
  const { tar, entries, capture } = value;
  if (!isObject(tar) || tar['size'] !== tarSize) throw fail('contradicts the seek table');
  const sha256 = tar['sha256'];
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) throw fail('has no hash of the tar');
  if (capture !== null && !isObject(capture)) throw fail('has a malformed capture record');
  if (entries !== null && !isList(entries)) throw fail('has no list of entries');
  return {
    tar: { size: tarSize, sha256 },
    entries: entries === null ? null : checkEntries(entries, tarSize, fail),
    marked: value['marked'] === true,
    capture,
  };
}

const NAMES = ['name', 'linkName', 'uname', 'gname'] as const;

/**
 * Whether some name of an index has U+FFFD, which the first releases wrote for whatever is no UTF-8: then two entries
 * of one name may have had two, and only the tar's headers tell.
 */
export function mayLackBytes(entries: readonly ArchiveEntry[]): boolean {
  return entries.some((entry) => NAMES.some((key) => entry[key]?.includes('\ufffd')));
}

/** An entry with its names as the first releases wrote them. */
export function withoutBytes(entry: ArchiveEntry): ArchiveEntry {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const lossy = (text: string): string => decoder.decode(encodeText(text));
  return {
    ...entry,
    ...Object.fromEntries(
      NAMES.flatMap((key) => {
        const text = entry[key];
        return text === undefined ? [] : [[key, lossy(text)]];
      }),
    ),
  };
}

type Fail = (problem: string) => FormatError;

function parseIndex(frame: Uint8Array, where: string, offset: number, fail: Fail): JsonObject {
  const size = frameContentSize(frame);
  if (size === undefined) throw fail('is damaged');
  if (size > MAX_JSON) throw fail('is larger than any that is written');
  const text = Buffer.from(decodeFrame(frame, size, where, offset)).toString('utf8');
  const value = tryJson(text, JSON_IN_INDEX);
  if (value === undefined) throw fail('is no JSON, or of more than is written');
  if (!isObject(value) || value['version'] !== VERSION) throw fail('is malformed');
  return value;
}

function checkEntries(values: readonly JsonValue[], tarSize: number, fail: Fail): ArchiveEntry[] {
  let end = 0;
  return values.map((value, number) => {
    const entry = checkEntry(value, (problem) => fail(`${problem} (entry ${number})`));
    if (
      entry.offset < end ||
      entry.dataOffset < entry.offset ||
      entry.dataOffset + entry.storedSize > tarSize
    ) {
      throw fail(`places entry ${number} where it cannot be`);
    }
    end = entry.dataOffset + entry.storedSize;
    return entry;
  });
}

function checkEntry(value: JsonValue, fail: Fail): ArchiveEntry {
  if (!isObject(value)) throw fail('is malformed');
  const text = (key: string): string => {
    const field = value[key];
    if (typeof field !== 'string') throw fail(`has no ${key}`);
    if (!isDecoded(field)) throw fail(`has a ${key} that is no file's`);
    return field;
  };
  const whole = (key: string, from: JsonObject = value): number => {
    const field = from[key];
    if (typeof field !== 'number' || !Number.isSafeInteger(field) || field < 0) throw fail(`has no ${key}`);
    return field;
  };
  const type = ENTRY_TYPES.find((known): known is EntryType => known === value['type']);
  const { mtime, sparse, device } = value;
  // JSON can say 1e999, which is read as infinite
  if (type === undefined || typeof mtime !== 'number' || !Number.isFinite(mtime)) throw fail('is malformed');
  const size = whole('size');
  const storedSize = whole('storedSize');
  if (sparse === undefined && type !== 'directory' && size !== storedSize)
    throw fail('has sizes that differ');
  return {
    name: text('name'),
    type,
    size,
    mode: whole('mode') & 0o7777,
    uid: whole('uid'),
    gid: whole('gid'),
    uname: text('uname'),
    gname: text('gname'),
    mtime,
    ...(value['linkName'] === undefined ? {} : { linkName: text('linkName') }),
    ...(isObject(device) ? { device: { major: whole('major', device), minor: whole('minor', device) } } : {}),
    offset: whole('offset'),
    dataOffset: whole('dataOffset'),
    storedSize,
    ...(sparse === undefined ? {} : { sparse: checkRuns(sparse, size, storedSize, fail) }),
  };
}

function checkRuns(
  value: JsonValue,
  size: number,
  storedSize: number,
  fail: Fail,
): NonNullable<ArchiveEntry['sparse']> {
  if (!isList(value)) throw fail('has a malformed sparse map');
  const numbers = value.flatMap((run) => {
    if (!isObject(run) || typeof run['offset'] !== 'number' || typeof run['length'] !== 'number') {
      throw fail('has a malformed sparse map');
    }
    return [run['offset'], run['length']];
  });
  return sparseRuns(numbers, size, storedSize, 'sealed index', 0);
}
