import { once } from 'node:events';
import type { Writable } from 'node:stream';
import type { SealedSink } from './seal-stream.js';

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
