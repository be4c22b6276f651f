import { parentPort, workerData } from 'node:worker_threads';
import { openTar } from '../archive/tar-access.js';
import { readAllSync } from '../base/read-all.js';
import { shownUrl } from '../base/shown-url.js';
import { packError } from '../base/thread-error.js';
import type { TaskAnswer, TaskMessage, WorkerSetup } from './search-messages.js';
import { type FillBuffer, WindowScanner } from './window-scanner.js';

// A thread of its own with the archive open once more: takes tasks, whose offsets are those of the tar, and answers
// each with what it found.

/** Content of a frame of the sealed format. */
const FRAME = 1 << 20;

const setup: WorkerSetup = workerData;

// One after the other: they share the scanner's buffer.
let scanner: WindowScanner | undefined;
let queue = Promise.resolve();
parentPort?.on('message', (task: TaskMessage) => {
  queue = queue.then(() => work(task));
});

async function work({ id, windows, from }: TaskMessage): Promise<void> {
  let answer: TaskAnswer;
  try {
    scanner ??= new WindowScanner(setup.scanner, await openFill());
    answer = { id, outcome: await scanner.scan(windows, from) };
  } catch (error) {
    answer = { id, failure: packError(error) };
  }
  parentPort?.postMessage(answer);
}

async function openFill(): Promise<FillBuffer> {
  if (setup.descriptor !== undefined) {
    const fd = setup.descriptor;
    const name = shownUrl(setup.access.path);
    return (_image, offset, into, at, length) => {
      readAllSync(fd, into.subarray(at, at + length), offset, name);
      return undefined;
    };
  }
  const tar = await openTar(setup.access);
  return async (_image, offset, into, at, length) => {
    // In steps that end where frames of sealed archives do: such a read is a view of the frame, not a copy.
    for (let done = 0; done < length; ) {
      const size = Math.min(length - done, FRAME - ((offset + done) % FRAME));
      into.set(await tar.read(offset + done, size), at + done);
      done += size;
    }
  };
}
