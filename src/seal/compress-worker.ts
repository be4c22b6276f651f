import { parentPort, workerData } from 'node:worker_threads';
import { readAllSync } from '../base/read-all.js';
import { packError } from '../base/thread-error.js';
import type { CompressJob } from './crew.js';
import { FrameCompressor } from './frame-compressor.js';
import { FRAME_SIZE, FrameRing } from './frame-ring.js';

/** Fills (from a file) and compresses whichever frame is next, until there are none. */
function run({ memory, file }: CompressJob): void {
  const ring = new FrameRing(memory);
  const compressor = new FrameCompressor();
  for (let frame = ring.claim(); frame !== undefined; frame = ring.claim()) {
    const content = ring.input(frame);
    if (file !== undefined) {
      readAllSync(file.fd, content, frame * FRAME_SIZE, file.name);
      ring.markFilled(frame);
    }
    const length = compressor.compress(content, ring.slotOutput(frame));
    if (ring.markCompressed(frame, length)) parentPort?.postMessage('progress');
  }
}

const job: CompressJob = workerData;
try {
  run(job);
} catch (error) {
  parentPort?.postMessage({ failure: packError(error) });
}
