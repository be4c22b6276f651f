import { once } from 'node:events';
import { writevSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { fileError } from '../base/files.js';
import type { SealedSink } from './seal-stream.js';

/** Appends to a file by its descriptor. @throws FailedError when there is no space left */
export function fileSink(fd: number, path: string): SealedSink {
  return (pieces) => {
    let rest = pieces;
    try {
      while (rest.length > 0) rest = unwritten(rest, writevSync(fd, rest));
    } catch (cause) {
      throw fileError(cause, path, 'write');
    }
  };
}

/** What is left of the pieces when the first `count` bytes of them are written. */
function unwritten(pieces: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  let left = count;
  let index = 0;
  for (const piece of pieces) {
    if (left < piece.length) return [piece.subarray(left), ...pieces.slice(index + 1)];
    left -= piece.length;
    index += 1;
  }
  return [];
}

/** Writes to a stream, and waits when it is full. Its errors are its owner's to listen to. */
export function streamSink(stream: Writable): SealedSink {
  return async (pieces) => {
    let full = false;
    stream.cork();
    for (const piece of pieces) full = !stream.write(piece);
    stream.uncork();
    // an error that came before is not told again: waiting for it would be for ever
    if (stream.errored) throw stream.errored;
    if (full) await once(stream, 'drain');
  };
}
