import { Checkpoint } from '../../src/checkpoint/checkpoint.js';
import type { ImageKind } from '../../src/criu/kinds.js';
import { type Built, buildImage, encode } from './criu-image.js';
import { memoryArchive } from './memory-archive.js';

/** Images by name without `.img`: the kind, and the messages by field number. */
export type SyntheticImages = Readonly<Record<string, readonly [kind: ImageKind, ...messages: Built[]]>>;

/** A checkpoint of images built field by field, and of other files as text or JSON. */
export function syntheticCheckpoint(
  images: SyntheticImages,
  others: Readonly<Record<string, unknown>> = {},
): Checkpoint {
  const files = new Map<string, Uint8Array>();
  for (const [name, [kind, ...messages]] of Object.entries(images)) {
    files.set(
      `checkpoint/${name}.img`,
      buildImage(kind, ...messages.map((message) => ({ message: encode(message) }))),
    );
  }
  for (const [name, value] of Object.entries(others)) {
    files.set(
      name,
      value instanceof Uint8Array
        ? value
        : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
    );
  }
  return new Checkpoint(memoryArchive(files));
}

/** One process, PID 1, with the open files given (messages of `file_entry`, by field number) as fds 0, 1, ... */
export function processWithFiles(files: readonly Built[], others: SyntheticImages = {}): Checkpoint {
  const fdinfo = files.map((file, fd) => ({ 1: Number(file[2]), 2: 0, 3: Number(file[1]), 4: fd }));
  return syntheticCheckpoint({
    inventory: ['INVENTORY', { 1: 2 }],
    pstree: ['PSTREE', { 1: 1, 2: 0, 3: 1, 4: 1, 5: [1] }],
    'core-1': ['CORE', { 1: 1, 3: encode({ 1: 1, 2: 0, 3: 0, 4: 0, 5: 0, 6: 'one' }) }],
    'ids-1': ['IDS', { 1: 1, 2: 5, 3: 1, 4: 1 }],
    'fdinfo-5': ['FDINFO', ...fdinfo],
    files: ['FILES', ...files],
    ...others,
  });
}

/** `fown_entry`, which most files have. */
export const FOWN = encode({ 1: 0, 2: 0, 3: 0, 4: 0, 5: 0 });
