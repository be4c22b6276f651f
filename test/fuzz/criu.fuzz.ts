import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeHostile, editsArbitrary, mutated, realImages } from '../support/hostile-images.js';

const CASES = Number(process.env['FUZZ_CASES'] ?? 60_000);

it(`decodes or refuses ${CASES} mutated images`, async () => {
  const images = await realImages();
  const outcomes = { decoded: 0, refused: 0 };
  let [slowest, highest] = [0, 0];
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...images),
      editsArbitrary,
      fc.boolean(),
      async (image, edits, pretty) => {
        const start = performance.now();
        outcomes[await decodeHostile(mutated(image, edits), pretty)] += 1;
        slowest = Math.max(slowest, performance.now() - start);
        highest = Math.max(highest, process.memoryUsage().rss);
      },
    ),
    { numRuns: CASES },
  );
  process.stderr.write(
    `images: ${outcomes.decoded} decoded, ${outcomes.refused} refused; slowest ${slowest.toFixed(0)} ms, ` +
      `highest RSS ${(highest / 1024 / 1024).toFixed(0)} MiB\n`,
  );
  expect(outcomes.decoded).toBeGreaterThan(0);
  expect(outcomes.refused).toBeGreaterThan(0);
  expect(slowest).toBeLessThan(10_000);
  expect(highest).toBeLessThan(512 * 1024 * 1024);
});
