import { readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import type { CompressJob } from './crew.js';
import { FrameCompressor } from './frame-compressor.js';
import { FRAME_SIZE, FrameRing, SHRUNK } from './frame-ring.js';

/** Fills (from a file) and compresses whichever frame is next, until there are none. */
function run({ memory, fd }: CompressJob): void {
  const ring = new FrameRing(memory);
  const compressor = new FrameCompressor();
  for (let frame = ring.claim(); frame !== undefined; frame = ring.claim()) {
    const content = ring.input(frame);
    if (fd !== undefined) {
      readFully(fd, content, frame * FRAME_SIZE);
      ring.markFilled(frame);
    }
    const length = compressor.compress(content, ring.slotOutput(frame));
    if (ring.markCompressed(frame, length)) parentPort?.postMessage('progress');
  }
}

function readFully(fd: number, into: Uint8Array, offset: number): void {
  for (let done = 0; done < into.length; ) {
    const got = readSync(fd, into, done, into.length - done, offset + done);
    if (got === 0) throw new Error(SHRUNK);
    done += got;
  }
}

const job: CompressJob = workerData;
run(job);
