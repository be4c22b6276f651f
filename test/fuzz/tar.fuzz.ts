import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compress, decompress } from 'zstd-napi';
import { mutate, mutations, readAll } from '../support/hostile-tar.js';
import { headerOffsets, richTar, seekable } from '../support/rich-tar.js';
import { samplePath } from '../support/samples.js';

const CASES = Number(process.env['FUZZ_CASES'] ?? 40_000);

it(`reads or refuses ${CASES} mutated archives`, async () => {
  const rich = richTar();
  const real = Buffer.from(decompress(readFileSync(samplePath('crio-looper'))));
  const tars = [
    { tar: rich, headers: await headerOffsets(rich) },
    { tar: real, headers: await headerOffsets(real) },
  ];
  const outer = [gzipSync(rich), compress(rich, { checksumFlag: true }), await seekable(rich)];
  const archives = fc.oneof(
    { weight: 6, arbitrary: changed(fc.constantFrom(...tars.slice(0, 1))) },
    { weight: 1, arbitrary: changed(fc.constantFrom(...tars.slice(1))) },
    { weight: 3, arbitrary: flipped(fc.constantFrom(...outer)) },
  );
  const outcomes = { read: 0, refused: 0 };
  let [slowest, highest] = [0, 0];
  await fc.assert(
    fc.asyncProperty(archives, async (bytes) => {
      const start = performance.now();
      outcomes[(await readAll(bytes)) === undefined ? 'read' : 'refused'] += 1;
      slowest = Math.max(slowest, performance.now() - start);
      highest = Math.max(highest, process.memoryUsage().rss);
    }),
    { numRuns: CASES },
  );
  process.stderr.write(
    `archives: ${outcomes.read} read, ${outcomes.refused} refused; slowest ${slowest.toFixed(0)} ms, ` +
      `highest RSS ${(highest / 1024 / 1024).toFixed(0)} MiB\n`,
  );
  expect(outcomes.read).toBeGreaterThan(0);
  expect(outcomes.refused).toBeGreaterThan(0);
  expect(slowest).toBeLessThan(10_000);
  expect(highest).toBeLessThan(512 * 1024 * 1024);
});

function changed(tars: fc.Arbitrary<{ tar: Buffer; headers: number[] }>): fc.Arbitrary<Buffer> {
  return fc.tuple(tars, mutations).map(([{ tar, headers }, changes]) => mutate(tar, headers, changes));
}

function flipped(files: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  const edits = fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(255)), {
    minLength: 1,
    maxLength: 4,
  });
  return fc.tuple(files, edits, fc.boolean()).map(([file, places, cut]) => {
    const copy = Buffer.from(file);
    for (const [at, value] of places) copy[Math.floor(at * (copy.length - 1))] = value;
    return cut ? copy.subarray(0, Math.floor((places[0]?.[0] ?? 1) * copy.length)) : copy;
  });
}
