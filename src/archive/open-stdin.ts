import { createReadStream, fstatSync } from 'node:fs';
import { FailedError, FormatError } from '../base/errors.js';
import { decryptAge } from '../bytes/age-input.js';
import { descriptorSource } from '../bytes/file.js';
import { decodeGzip } from '../bytes/gzip.js';
import { peekStream } from '../bytes/peek.js';
import { sniff } from '../bytes/sniff.js';
import type { ByteSource } from '../bytes/source.js';
import { decodeZstd } from '../bytes/zstd.js';
import { type Archive, type ContainerFacts, makeArchive } from './archive.js';
import { KeptData } from './kept-data.js';
import { type OpenOptions, openArchiveSource, resolveKeys } from './open.js';
import { passTar, type VisitEntry } from './tar-pass.js';

const NAME = 'standard input';

/**
 * Opens standard input as an archive: at random where it is a file, else by reading it through once. Then only
 * what fits in bounded memory can be opened afterwards.
 */
export async function openStandardInput(options: OpenOptions): Promise<Archive> {
  const stat = fstatSync(0);
  if (stat.isFile()) return openArchiveSource(descriptorSource(0, stat.size, NAME), '-', options);
  return openStream(standardInput(options.signal), NAME, options);
}

/** As `openStandardInput` for any stream. */
export async function openStream(
  stream: AsyncIterable<Uint8Array>,
  name: string,
  options: OpenOptions,
): Promise<Archive> {
  const kept = new KeptData();
  const { facts, ...index } = await passStream(stream, name, options, (entry) => kept.visit(entry));
  const gone: ByteSource = {
    name,
    size: index.size,
    read: async () => {
      throw new FailedError(`${name} has passed, and holds more than is kept in memory`, {
        remedy: 'save the archive to a file, and name that',
      });
    },
    close: async () => {},
  };
  return makeArchive('-', facts, index.entries, kept.over(gone));
}

/** Whether standard input can only be read once, from its start to its end. */
export function standardInputPasses(): boolean {
  return !fstatSync(0).isFile();
}

/** Reads the archive on standard input through, and hands on the data of chosen entries while it passes. */
export async function passStandardInput(options: OpenOptions, visit: VisitEntry): Promise<void> {
  await passStream(standardInput(options.signal), NAME, options, visit);
}

async function passStream(
  stream: AsyncIterable<Uint8Array>,
  name: string,
  options: OpenOptions,
  visit: VisitEntry,
): Promise<Awaited<ReturnType<typeof passTar>> & { facts: ContainerFacts }> {
  let { start, chunks } = await peekStream(stream);
  let format = sniff(start);
  const encrypted = format === 'age';
  if (encrypted) {
    ({ start, chunks } = await peekStream(decryptAge(chunks, name, await resolveKeys(options))));
    format = sniff(start);
  }
  const compression = format === 'gzip' || format === 'zstd' ? format : 'none';
  if (compression === 'gzip') chunks = decodeGzip(chunks, name);
  if (compression === 'zstd') chunks = decodeZstd(chunks, name);
  const index = await passTar(chunks, name, visit);
  if (index.size === 0) throw new FormatError(name, undefined, 'empty: not an archive');
  const facts: ContainerFacts = {
    storedSize: undefined,
    encrypted,
    compression,
    tarSize: index.size,
    endMarked: index.marked,
  };
  return { ...index, facts };
}

function standardInput(signal: AbortSignal | undefined): AsyncIterable<Uint8Array> {
  return createReadStream('', {
    fd: 0,
    autoClose: false,
    highWaterMark: 256 * 1024,
    ...(signal ? { signal } : {}),
  });
}
