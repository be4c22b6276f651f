import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MemorySource } from '../../src/bytes/memory.js';
import { openImage } from '../../src/criu/image.js';
import { buildImage, encode } from '../support/criu-image.js';
import { decodeHostile, editsArbitrary, mutated, realImages } from '../support/hostile-images.js';

it('answers mutated images with a result or a FormatError', async () => {
  const images = await realImages();
  const outcomes = new Set<string>();
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...images),
      editsArbitrary,
      fc.boolean(),
      async (image, edits, pretty) => {
        outcomes.add(await decodeHostile(mutated(image, edits), pretty));
      },
    ),
    { numRuns: 2000 },
  );
  expect([...outcomes].sort()).toEqual(['decoded', 'refused']);
});

it('answers noise behind a magic with a result or a FormatError', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...(await realImages())),
      fc.uint8Array({ maxLength: 200 }),
      async (image, noise) => {
        await decodeHostile(Buffer.concat([image.subarray(0, 8), noise]), true);
      },
    ),
    { numRuns: 500 },
  );
});

it('refuses entries whose objects would be many times their bytes', async () => {
  // 2 bytes each: a controller with nothing in it
  const controllers = Buffer.alloc(6_000_000, Buffer.of(0x12, 0x00));
  const image = buildImage('CGROUP', { message: controllers });
  const before = process.memoryUsage().rss;
  const { value } = await (await openImage(new MemorySource(image, 'cgroup.img'), 'CGROUP'))
    .entries()
    .next()
    .then(
      (result) => result,
      (error: unknown) => ({ value: error }),
    );
  expect(String(value)).toContain('cgroup.img at offset');
  expect(process.memoryUsage().rss - before).toBeLessThan(400 * 1024 * 1024);
});

it('refuses a queue that claims more messages than there are, and a huge entry', async () => {
  const description = encode({ 1: 0, 2: 0, 3: 0, 4: 0, 5: 0, 6: 0, 7: 0 });
  const queue = encode({ 1: description, 2: 0, 3: 0xffff_ffff });
  await expect(decodeHostile(buildImage('IPCNS_MSG', { message: queue }), false)).resolves.toBe('refused');
  const semaphores = encode({ 1: description, 2: 0xffff_ffff });
  await expect(decodeHostile(buildImage('IPCNS_SEM', { message: semaphores }), false)).resolves.toBe(
    'refused',
  );
  const huge = buildImage('FS', { payload: Buffer.of(0, 0, 0, 0x80) });
  await expect(decodeHostile(huge, false)).resolves.toBe('refused');
});
