import { availableParallelism } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { zstdEngine } from '../bytes/zstd-engine.js';
import { Crew } from './crew.js';
import { allocateRing } from './frame-ring.js';

/** Where the tar's bytes come from. */
export type FrameInput =
  | { readonly name: string; readonly fd: number; readonly size: number }
  | { readonly chunks: AsyncIterable<Uint8Array> };

/** A frame of the tar and what it became, in pieces. All views are reused once the next frame is asked for. */
export interface Frame {
  readonly content: Uint8Array;
  readonly compressed: readonly Uint8Array[];
}

/** More would wait for the main thread, which encrypts, hashes and writes. */
const MAX_THREADS = 6;

/**
 * Compresses a tar in frames on all cores, and hashes it meanwhile on a thread of its own.
 *
 * The result of the generator is the SHA-256 of the tar in lower-case hex. Memory is bounded by the ring: the
 * slowest of reading, compressing, hashing and consuming holds the others back.
 */
export async function* compressFrames(
  input: FrameInput,
  signal: AbortSignal | undefined,
): AsyncGenerator<Frame, string> {
  signal?.throwIfAborted();
  zstdEngine(); // where there is none, that is said here and not by every thread
  const threads = Math.min(MAX_THREADS, availableParallelism());
  const crew = new Crew(
    allocateRing(Math.max(8, 4 * threads)),
    threads,
    'fd' in input ? input : undefined,
    signal,
  );
  try {
    const feeding = 'fd' in input ? crew.publishFile(input.size) : crew.publishChunks(input.chunks);
    feeding.catch((error: unknown) => crew.fail(error));
    for (let frame = 0; await crew.compressed(frame); frame += 1) {
      yield { content: crew.ring.input(frame), compressed: crew.ring.output(frame) };
      crew.release(frame);
      // Frames that are ready leave no pause in which signals, timers and messages could come through.
      if (frame % 4 === 3) await setImmediate();
    }
    await feeding;
    return await crew.sha256;
  } finally {
    await crew.dismiss();
  }
}
