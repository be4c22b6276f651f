import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { decompress } from 'zstd-napi';
import { killCaptures } from '../support/kill-capture.js';
import { samplePath } from '../support/samples.js';

/** How often capture is killed; KILLS=300 for the figures of a release. */
const RUNS = Number(process.env['KILLS'] ?? 15);

test(`killed ${RUNS} times at random moments, it never loses the evidence`, {
  timeout: RUNS * 10_000,
}, async () => {
  const tar = decompress(readFileSync(samplePath('podman-incident')));
  const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 32);
  const figures = await killCaptures(tar, RUNS, seed).catch((error: unknown) => {
    throw new Error(`seed ${seed}`, { cause: error });
  });
  process.stderr.write(`capture, killed at random (seed ${seed}): ${JSON.stringify(figures)}\n`);
  expect(figures.originalOnly + figures.both + figures.sealedOnly + figures.finished).toBe(RUNS);
  // otherwise it was not killed in the middle of anything
  expect(figures.originalOnly).toBeGreaterThan(0);
});

test('interrupted 4 times at random moments, it also cleans up', { timeout: 60_000 }, async () => {
  const tar = decompress(readFileSync(samplePath('podman-incident')));
  const figures = await killCaptures(tar, 4, Date.now() % 2 ** 32, 'SIGTERM');
  expect(figures.leftovers).toBe(0);
});
