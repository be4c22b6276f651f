import { FormatError } from '../base/errors.js';
import type { ArchiveEntry, EntryType } from './entry.js';
import { type PaxFacts, readPaxRecords, sparseRuns } from './pax.js';
import { gnuSparseMap, type ReadStep, readSparseMap } from './sparse-maps.js';
import { TarBudget } from './tar-budget.js';
import { checksumHolds, normalizeName, numberField, padded, TAR_BLOCK, textField } from './tar-fields.js';

/**
 * What a walk asks of whoever drives it: bytes (fewer are given only where the tar ends), or to take an entry, or a
 * long name or pax header that stands before one. What is taken is answered with no bytes. Reads never go back, so a
 * stream can serve them as well as a file.
 */
export type WalkStep = ReadStep | ExtensionStep | { readonly kind: 'entry'; readonly entry: ArchiveEntry };

/** A header that says more about the entry behind it, or (flag `g`) about all that come; with its body, padded. */
export interface ExtensionStep {
  readonly kind: 'extension';
  readonly flag: string;
  readonly offset: number;
  readonly length: number;
}

export interface WalkEnd {
  /** Offset at which reading stopped. */
  readonly offset: number;
  /** Whether the zero block that ends a tar was there; without it, the tar may have been cut between entries. */
  readonly marked: boolean;
}

const TYPES: Readonly<Record<string, EntryType>> = {
  '\0': 'file',
  '0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'character-device',
  '4': 'block-device',
  '5': 'directory',
  '6': 'fifo',
  D: 'directory',
};

/**
 * Walks the headers of a tar (v7, POSIX ustar and pax, GNU), and neither reads nor waits: its drivers do, each in the
 * way that its bytes come. `indexTar` has them at hand, to `TarFollower` they are given piece by piece.
 *
 * @param from - where to begin: the offset of a header
 * @throws FormatError with the offset of the header that makes no sense
 */
export function* walkTar(where: string, from = 0): Generator<WalkStep, WalkEnd, Uint8Array> {
  const globals: PaxFacts = {};
  const budget = new TarBudget(where);
  let offset = from;
  for (;;) {
    const start = offset;
    const extended: Extended = { pax: { ...globals } };
    let header = yield { kind: 'read', offset, length: TAR_BLOCK };
    for (;;) {
      const ended =
        header.length === 0 || (header.length === TAR_BLOCK && header.every((byte) => byte === 0));
      if (ended && offset === start) return { offset, marked: header.length > 0 };
      if (offset === 0 && header.length < TAR_BLOCK)
        throw new FormatError(where, 0, 'not a tar archive: shorter than a header');
      if (ended || header.length < TAR_BLOCK)
        throw new FormatError(where, offset, 'the tar is cut short in a header');
      const flag = requireHeader(header, where, offset);
      if (!'LKNxXg'.includes(flag)) break;
      const length = numberField(header, 124, 12, { where, offset, field: 'size' });
      budget.extension(length, offset);
      const body = yield { kind: 'read', offset: offset + TAR_BLOCK, length };
      if (body.length < length) throw new FormatError(where, offset, 'the tar is cut short in a header');
      takeExtension(flag, body, where, offset + TAR_BLOCK, extended, globals);
      yield { kind: 'extension', flag, offset, length: TAR_BLOCK + padded(length) };
      offset += TAR_BLOCK + padded(length);
      header = yield { kind: 'read', offset, length: TAR_BLOCK };
    }
    const entry = yield* readEntryHeader(header, where, start, offset, extended);
    budget.entry(entry, offset);
    yield { kind: 'entry', entry };
    offset = entry.dataOffset + padded(entry.storedSize);
  }
}

/** What the headers before an entry's own said. */
interface Extended {
  readonly pax: PaxFacts;
  longName?: string;
  longLink?: string;
}

function requireHeader(header: Uint8Array, where: string, offset: number): string {
  if (!checksumHolds(header, { where, offset })) {
    const what = offset === 0 ? 'not a tar archive' : 'no tar header here';
    throw new FormatError(where, offset, `${what}: the checksum does not hold`);
  }
  return String.fromCharCode(header[156] ?? 0);
}

function takeExtension(
  flag: string,
  body: Uint8Array,
  where: string,
  offset: number,
  extended: Extended,
  globals: PaxFacts,
): void {
  if (flag === 'L' || flag === 'N') extended.longName = textField(body);
  else if (flag === 'K') extended.longLink = textField(body);
  else readPaxRecords(body, where, offset, flag === 'g' ? globals : extended.pax);
  if (flag !== 'g') return;
  // A sparse map for every entry to come makes no sense, and would be shared between them.
  delete globals.sparseMap;
  Object.assign(extended.pax, { ...globals, ...extended.pax });
}

function* readEntryHeader(
  header: Uint8Array,
  where: string,
  start: number,
  offset: number,
  { pax, longName, longLink }: Extended,
): Generator<ReadStep, ArchiveEntry, Uint8Array> {
  const number = (at: number, length: number, field: string): number =>
    numberField(header, at, length, { where, offset, field });
  const flag = String.fromCharCode(header[156] ?? 0);
  const rawName = pax.path ?? longName ?? headerName(header);
  const named = TYPES[flag] ?? 'other';
  const type = named === 'file' && rawName.endsWith('/') ? 'directory' : named;
  let storedSize = pax.size ?? number(124, 12, 'size');
  if (storedSize < 0) throw new FormatError(where, offset, 'its size is negative');
  // Links, devices and directories have no data, whatever their size field says (POSIX pax, "size").
  if (type !== 'file' && type !== 'other' && flag !== 'D') storedSize = 0;
  let size = type === 'directory' ? 0 : storedSize;
  let dataOffset = offset + TAR_BLOCK;
  if (dataOffset + padded(storedSize) > Number.MAX_SAFE_INTEGER) {
    throw new FormatError(where, offset, 'its size is beyond 2^53');
  }

  let map: readonly number[] | undefined;
  if (flag === 'S') {
    ({ map, size, dataOffset } = yield* gnuSparseMap(header, where, offset));
  } else if (type === 'file' && pax.sparseMajor === 1) {
    size = pax.sparseSize ?? 0;
    ({ map, dataOffset } = yield* readSparseMap(where, dataOffset, storedSize));
    storedSize -= dataOffset - offset - TAR_BLOCK;
  } else if (type === 'file' && pax.sparseMap !== undefined) {
    size = pax.sparseSize ?? 0;
    map = pax.sparseMap;
  }
  const sparse = map === undefined ? undefined : sparseRuns(map, size, storedSize, where, offset);

  const linkName =
    type === 'symlink' || type === 'hardlink'
      ? (pax.linkpath ?? longLink ?? textField(header.subarray(157, 257)))
      : undefined;
  const device = type === 'character-device' || type === 'block-device';
  return {
    name: normalizeName(rawName),
    type,
    size,
    mode: number(100, 8, 'mode') & 0o7777,
    uid: pax.uid ?? number(108, 8, 'uid'),
    gid: pax.gid ?? number(116, 8, 'gid'),
    uname: pax.uname ?? textField(header.subarray(265, 297)),
    gname: pax.gname ?? textField(header.subarray(297, 329)),
    mtime: pax.mtime ?? number(136, 12, 'mtime'),
    ...(linkName === undefined ? {} : { linkName: type === 'hardlink' ? normalizeName(linkName) : linkName }),
    ...(device ? { device: { major: number(329, 8, 'device'), minor: number(337, 8, 'device') } } : {}),
    offset: start,
    dataOffset,
    storedSize,
    ...(sparse === undefined ? {} : { sparse }),
  };
}

/** The name in the header itself. Only POSIX headers have a prefix; GNU's keep other things in its place. */
function headerName(header: Uint8Array): string {
  const name = textField(header.subarray(0, 100));
  const posix = textField(header.subarray(257, 263)) === 'ustar' && header[262] === 0;
  const prefix = posix ? textField(header.subarray(345, 500)) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}
