import { createHash } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { FrameRing, type RingMemory } from './frame-ring.js';

/** SHA-256 over all frames in order; sends it, in hex, as the last message. */
function run(memory: RingMemory): void {
  const ring = new FrameRing(memory);
  const hash = createHash('sha256');
  for (let frame = 0; ring.waitFilled(frame); frame += 1) {
    hash.update(ring.input(frame));
    if (ring.markHashed(frame)) parentPort?.postMessage('progress');
  }
  if (!ring.stopped) parentPort?.postMessage({ sha256: hash.digest('hex') });
}

const memory: RingMemory = workerData;
run(memory);
