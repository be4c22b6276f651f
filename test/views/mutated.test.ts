// Damaged images and engine's files: every view answers with rows or with one of our own errors.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ColdcaseError } from '../../src/base/errors.js';
import { Checkpoint } from '../../src/checkpoint/checkpoint.js';
import { diffCheckpoints } from '../../src/views/diff.js';
import { inspect } from '../../src/views/inspect.js';
import { VIEWS } from '../../src/views/registry.js';
import { editsArbitrary, mutated } from '../support/hostile-images.js';
import { memoryArchive, sampleFiles } from '../support/memory-archive.js';
import { SAMPLES } from '../support/samples.js';

const EVERYTHING = {
  stats: true,
  metadata: true,
  psTreeEnv: true,
  files: true,
  sockets: true,
  mounts: true,
  network: true,
  ipc: true,
};

/** What views read: CRIU's images without the pages, and the engine's files. */
const READ =
  /^checkpoint\/(?!pages-|ghost|tmpfs).*\.img$|^(config|spec|status)\.dump$|^status$|^network\.status$|^bind\.mounts$|^deleted\.files$|^stats-dump$|^rootfs-diff\.tar$/;

test.each(SAMPLES)(
  'a mutated %s gives rows or a typed error, in every view',
  { timeout: 60_000 },
  async (sample) => {
    const files = await sampleFiles(sample);
    const names = [...files.keys()].filter((name) => READ.test(name));
    const views = await Promise.all(Object.values(VIEWS).map(({ load }) => load()));
    const whole = new Checkpoint(memoryArchive(files));
    const outcomes = { rows: 0, refused: 0 };
    const attempt = async (work: () => Promise<unknown>): Promise<void> => {
      try {
        await work();
        outcomes.rows += 1;
      } catch (error) {
        if (!(error instanceof ColdcaseError)) throw error;
        outcomes.refused += 1;
      }
    };
    const targets = fc.array(fc.tuple(fc.constantFrom(...names), editsArbitrary), {
      minLength: 1,
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(targets, async (edits) => {
        const damaged = new Map(files);
        for (const [name, edit] of edits)
          damaged.set(name, mutated(damaged.get(name) ?? new Uint8Array(), edit));
        const checkpoint = new Checkpoint(memoryArchive(damaged));
        for (const view of views) await attempt(() => view.rows(checkpoint, {}));
        await attempt(async () => {
          const inspected = await inspect(checkpoint, EVERYTHING, {});
          return [inspected.json(), inspected.tree()];
        });
        await attempt(() => diffCheckpoints(whole, checkpoint));
      }),
      { numRuns: 15 },
    );
    expect(outcomes.rows).toBeGreaterThan(0);
    expect(outcomes.refused).toBeGreaterThan(0);
  },
);
