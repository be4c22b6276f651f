import { createReadStream, fstatSync } from 'node:fs';
import { readThrough } from '../base/read-all.js';
import { descriptorSource } from '../bytes/file.js';
import type { Archive } from './archive.js';
import { type OpenOptions, openArchiveSource } from './open-source.js';
import { openStream, passStream } from './open-stream.js';
import type { VisitEntry } from './tar-pass.js';

const NAME = 'standard input';

/** Opens standard input as an archive: at random where it is a file, else by reading it through once. */
export async function openStandardInput(options: OpenOptions): Promise<Archive> {
  const stat = fstatSync(0);
  if (stat.isFile()) return openArchiveSource(descriptorSource(0, stat.size, NAME), '-', options);
  return openStream(standardInput(options.signal), NAME, options);
}

/** Whether standard input can only be read once, from its start to its end. */
export function standardInputPasses(): boolean {
  return !fstatSync(0).isFile();
}

/** Reads the archive on standard input through, and hands on the data of chosen entries while it passes. */
export async function passStandardInput(options: OpenOptions, visit: VisitEntry): Promise<void> {
  await passStream(standardInput(options.signal), NAME, options, visit);
}

function standardInput(signal: AbortSignal | undefined): AsyncIterable<Uint8Array> {
  const stream = createReadStream('', {
    fd: 0,
    autoClose: false,
    highWaterMark: 256 * 1024,
    ...(signal ? { signal } : {}),
  });
  return readThrough(stream, NAME);
}
