import { basename } from 'node:path';
import type { PackEntry } from '../archive/pack-entry.js';
import { packTar } from '../archive/tar-pack.js';
import { type ColdcaseError, IntegrityError, UnsafeError, UsageError } from '../base/errors.js';
import { requireWritable } from '../base/writable.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { packObject, placeObjects } from '../recover/pack.js';
import type { Recovered } from '../recover/recovered.js';
import { renderJsonList } from '../render/json.js';
import { type RecoveredRow, recoveredRow } from '../views/recover.js';
import { interrupted } from './interrupt.js';
import { LeftOut } from './left-out.js';
import type { OutputOptions } from './output.js';
import { refuseTerminal } from './standard-output.js';
import { type TarOptions, writeTarPieces } from './tar-output.js';
import { VERSION } from './version.js';

/** The first entry: what `recover --json` prints, and what is not in the tar. */
const LISTING = 'recovered.json';

export interface RecoverTarOptions extends TarOptions, OutputOptions {
  readonly directory?: string;
}

/** Checks, before anything is read, that a tar can be written where it is to go, and goes with the other options. */
export async function requireTarPlace(options: RecoverTarOptions): Promise<void> {
  if (options.directory !== undefined) {
    throw new UsageError('--tar and --directory exclude each other', {
      remedy: 'write the tar; tar -x, or coldcase extract, makes files of it',
    });
  }
  if (options.tar !== '-') return requireWritable(options.tar, options);
  const { format, json, filter, columns, wide } = options;
  if ([format, json, filter, columns, wide].some((option) => option !== undefined)) {
    throw new UsageError('with --tar - nothing but the tar is printed', {
      remedy: `the list of what is in it is its first entry, ${LISTING}`,
    });
  }
  refuseTerminal('a tar');
}

/** An object that can be read, and the hash of it. */
export interface Found {
  readonly object: Recovered;
  readonly sha256: string | undefined;
}

/**
 * Writes objects as a tar, a listing of them first.
 *
 * @param problems - what else could not be recovered; what cannot be written either is added
 * @returns a row for each, and an error when some were left out as no reader of tars would take them
 */
export async function writeRecovered(
  checkpoint: Checkpoint,
  found: readonly Found[],
  problems: ColdcaseError[],
  options: TarOptions,
): Promise<{ readonly rows: () => readonly RecoveredRow[]; readonly leftOut: ColdcaseError | undefined }> {
  const time = (await checkpoint.images.entry('inventory'))?.mtime ?? 0;
  const places = placeObjects(found.map(({ object }) => object));
  const refused: Refused[] = [];
  for (const [at, { object }] of found.entries()) {
    const place = places[at];
    if (place === undefined || 'name' in place) continue;
    if (place.reason instanceof IntegrityError) problems.push(place.reason);
    else refused.push({ object, reason: place.reason });
  }
  const nameOf = (at: number): string | undefined => {
    const place = places[at];
    return place !== undefined && 'name' in place ? place.name : undefined;
  };
  // of thousands of objects neither the rows nor the entries are held, but made when it is their turn
  const rows = function* (): Generator<RecoveredRow> {
    for (const [at, { object, sha256 }] of found.entries()) yield recoveredRow(object, sha256, nameOf(at));
  };
  const { location, storage } = checkpoint.archive;
  const facts = {
    tool: { name: 'coldcase', version: VERSION },
    archive: { name: basename(location), tarSha256: storage.sealed?.tarSha256 ?? null },
    notRecovered: [
      ...problems.map(({ message }) => message),
      ...refused.map(({ object, reason }) => `${object.name}: ${reason.message}`),
    ],
  };
  const entries = function* (): Generator<PackEntry> {
    yield textEntry(LISTING, () => renderJsonList(facts, 'objects', rows()), time);
    for (const [at, { object }] of found.entries()) {
      const name = nameOf(at);
      if (name !== undefined) yield packObject(object, name, time, interrupted);
    }
  };
  await writeTarPieces(packTar(entries()), options);
  return { rows: () => [...rows()], leftOut: tellRefused(refused, found.length) };
}

interface Refused {
  readonly object: Recovered;
  readonly reason: ColdcaseError;
}

/** Names what no reader of tars would take. */
function tellRefused(refused: readonly Refused[], total: number): ColdcaseError | undefined {
  if (refused.length === 0) return undefined;
  const leftOut = new LeftOut(false);
  for (const { object, reason } of refused) leftOut.add(object.name, reason);
  return new UnsafeError(`${refused.length} of ${total} objects were left out of the tar`, {
    remedy: 'the others are in it; recover -C writes files',
  });
}

/** A file of text, which is rendered twice and never held: it may be long. */
function textEntry(name: string, text: () => Iterable<string>, time: number): PackEntry {
  let size = 0;
  for (const piece of text()) size += Buffer.byteLength(piece);
  const content = function* (): Generator<Uint8Array> {
    for (const piece of text()) yield Buffer.from(piece);
  };
  return { name, size, mode: 0o600, uid: 0, gid: 0, mtime: time, content };
}
