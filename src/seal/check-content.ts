import { isDeepStrictEqual } from 'node:util';
import type { ArchiveEntry } from '../archive/entry.js';
import { decodeSealedIndex, mayLackBytes, type SealedIndex, withoutBytes } from '../archive/sealed-index.js';
import { TarFollower } from '../archive/tar-follower.js';
import { FormatError, IntegrityError } from '../base/errors.js';
import { readSeekTable, type SeekTable } from '../bytes/seek-table.js';
import type { ByteSource } from '../bytes/source.js';
import { decodeFrame } from '../bytes/zstd.js';
import { createContentHash } from './content-hash.js';
import type { Digest } from './seal-stream.js';

export interface CheckOptions {
  /** Given the tar in order, each piece before its hash is known to be right. */
  readonly onContent?: ((content: Uint8Array) => void | Promise<void>) | undefined;
  /** Told how many bytes of the tar were read back. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Told what is checked next; what was named before holds. */
  readonly onStage?: ((stage: CheckStage) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What `checkContent` checks, in its order. `chunks and frames` are read together. */
export const CHECK_STAGES = ['seek table', 'index', 'chunks and frames', 'tar hash', 'entries'] as const;
export type CheckStage = (typeof CHECK_STAGES)[number];

export interface CheckedContent {
  readonly tar: Digest & { readonly entries: number };
  readonly frames: number;
  readonly index: SealedIndex;
}

/**
 * Reads a sealed file's whole plaintext back, and checks all of it: every encrypted chunk authenticates, every
 * frame decodes to the size that the seek table says, the index is the one of the tar that
 * comes out, and its hash is that of the tar.
 *
 * @param payload - the decrypted file, as `openAge` gives it
 * @returns undefined when there is no seek table with an index: the file was not sealed by coldcase
 * @throws IntegrityError saying what does not hold
 */
export async function checkContent(
  payload: ByteSource,
  options: CheckOptions = {},
): Promise<CheckedContent | undefined> {
  options.onStage?.('seek table');
  const table = await readSeekTable(payload);
  if (table === undefined) return undefined;
  const indexFrame = await readIndexFrame(payload, table);
  if (indexFrame === undefined) return undefined;
  options.onStage?.('index');
  const total = table.decompressed[table.frames] ?? 0;
  const index = decodeSealedIndex(indexFrame.bytes, payload.name, indexFrame.offset, total);

  options.onStage?.('chunks and frames');
  const hash = createContentHash(total, options.signal);
  const follower = new TarFollower(payload.name);
  let sha256: string;
  let done = 0;
  try {
    for await (const content of contents(payload, table)) {
      options.signal?.throwIfAborted();
      await hash.update(content);
      follower.push(content);
      await options.onContent?.(content);
      done += content.length;
      options.onProgress?.(done, total);
    }
    options.onStage?.('tar hash');
    sha256 = await hash.digest();
  } finally {
    await hash.close();
  }
  if (sha256 !== index.tar.sha256) {
    throw new IntegrityError(
      `${payload.name}: the tar in it has SHA-256 ${sha256}, but its index says ${index.tar.sha256}`,
    );
  }
  options.onStage?.('entries');
  const { entries, marked } = follower.end();
  if (marked !== index.marked || !listsEntries(index, entries)) {
    throw new IntegrityError(`${payload.name}: its index does not list what is in the tar`);
  }
  return { tar: { size: done, sha256, entries: entries.length }, frames: table.frames - 1, index };
}

/** Whether an index lists these entries, with their names as they are or as the first releases wrote them. */
function listsEntries(index: SealedIndex, entries: readonly ArchiveEntry[]): boolean {
  if (index.entries === null || isDeepStrictEqual(entries, index.entries)) return true;
  return mayLackBytes(index.entries) && isDeepStrictEqual(entries.map(withoutBytes), index.entries);
}

async function readIndexFrame(
  payload: ByteSource,
  table: SeekTable,
): Promise<{ readonly bytes: Uint8Array; readonly offset: number } | undefined> {
  const last = table.frames - 1;
  const [offset, size, content] = span(table, last);
  if (content !== 0) return undefined;
  return { bytes: await payload.read(offset, size), offset };
}

/** The content of every frame but the index, in order. */
async function* contents(payload: ByteSource, table: SeekTable): AsyncGenerator<Uint8Array> {
  for (let frame = 0; frame < table.frames - 1; frame += 1) {
    const [offset, size, contentSize] = span(table, frame);
    if (contentSize === 0)
      throw new FormatError(payload.name, offset, 'an empty frame among those of the tar');
    yield decodeFrame(await payload.read(offset, size), contentSize, payload.name, offset);
  }
}

function span(table: SeekTable, frame: number): [offset: number, size: number, contentSize: number] {
  const offset = table.compressed[frame] ?? 0;
  const content = table.decompressed[frame] ?? 0;
  return [
    offset,
    (table.compressed[frame + 1] ?? offset) - offset,
    (table.decompressed[frame + 1] ?? content) - content,
  ];
}
