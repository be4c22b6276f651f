// No control byte from an archive reaches a terminal, a table, a CSV cell or JSON text, in any view, in any format.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readPortable } from '../../src/base/spelling.js';
import { Checkpoint } from '../../src/checkpoint/checkpoint.js';
import { FORMATS, renderRows } from '../../src/cli/output.js';
import { renderJson } from '../../src/render/json.js';
import type { AnyColumn, Row, TreeNode } from '../../src/render/table.js';
import { renderTextTree } from '../../src/render/text-tree.js';
import { diffCheckpoints, diffQuestion } from '../../src/views/diff.js';
import { inspect } from '../../src/views/inspect.js';
import { VIEWS } from '../../src/views/registry.js';
import type { AnyView } from '../../src/views/view.js';
import { baitsArbitrary, hostileFiles } from '../support/hostile-checkpoint.js';
import { memoryArchive, sampleFiles } from '../support/memory-archive.js';
import { SAMPLES } from '../support/samples.js';

/** Controls, format characters (direction overrides, zero-width, tags), separators, halves of surrogate pairs. */
const ACTIVE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u00a0]/u;
const FORMULA = /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20\t\r]/u;
/** So that each engine's files are still taken for that engine's. */
const KEEP = new Set([
  'io.container.manager',
  'libpod',
  'cri-o',
  'io.kubernetes.cri-o.Metadata',
  'io.kubernetes.cri.container-name',
  '{"name":"looper","attempt":1}',
]);

interface Output {
  readonly columns: readonly AnyColumn[];
  readonly rows: readonly Row[];
  tree?(rows: readonly Row[]): readonly TreeNode[];
}

/** As a table on a terminal of 100 cells, or as records where it does not fit: a line a row, or a line a field. */
function expectNarrowHarmless(output: Output, what: string): void {
  const text = renderRows(output, { format: 'table', wide: true }, { width: 100, color: false });
  const lines = text.split('\n');
  for (const line of lines)
    if (ACTIVE.test(line)) expect.fail(`${what} in 100 cells: ${JSON.stringify(line)}`);
  const records = output.rows.length * (output.columns.length + 1);
  expect([output.rows.length + 2, records], `${what} in 100 cells`).toContain(lines.length);
}

function expectHarmless(output: Output, what: string): void {
  for (const format of FORMATS) {
    const text = renderRows(output, { format, wide: true }, { color: false });
    const lines = text.replaceAll('\r\n', '\n').split('\n');
    for (const line of lines)
      if (ACTIVE.test(line)) expect.fail(`${what} as ${format}: ${JSON.stringify(line)}`);
    if (format === 'table' || format === 'csv')
      expect(lines, `${what} as ${format}`).toHaveLength(output.rows.length + 2);
    if (format === 'json') expect(JSON.parse(text, restoreBytes)).toEqual(output.rows);
    if (format === 'csv') expectNoFormula(text, what);
  }
  expectNarrowHarmless(output, what);
}

/** JSON has bytes that are no UTF-8 in a form of its own. */
function restoreBytes(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? readPortable(value) : value;
}

function expectNoFormula(csv: string, what: string): void {
  for (const cell of csv.split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)|\r\n/)) {
    const bare = cell.replace(/^"|"$/g, '');
    if (FORMULA.test(bare) && !/^-\d+$/.test(bare))
      expect.fail(`${what}: a formula: ${JSON.stringify(cell)}`);
  }
}

const views: readonly AnyView[] = await Promise.all(Object.values(VIEWS).map(({ load }) => load()));

test.each(SAMPLES)(
  'every view of a hostile %s is harmless in every format',
  { timeout: 120_000 },
  async (sample) => {
    const files = await sampleFiles(sample);
    let shown = 0;
    await fc.assert(
      fc.asyncProperty(baitsArbitrary, async (baits) => {
        const archive = memoryArchive(
          hostileFiles(files, baits, KEEP),
          `evil\u001b[2J${baits[0]?.toString()}.tar`,
        );
        const checkpoint = new Checkpoint(archive);
        for (const view of views) {
          const rows = await view.rows(checkpoint, {});
          expectHarmless({ ...view, rows }, view.name);
          shown += rows.length;
        }
      }),
      { numRuns: 6 },
    );
    expect(shown).toBeGreaterThan(500);
  },
);

test('inspect and diff of hostile checkpoints are harmless', { timeout: 60_000 }, async () => {
  const files = await sampleFiles('podman-incident');
  const before = new Checkpoint(memoryArchive(files));
  await fc.assert(
    fc.asyncProperty(baitsArbitrary, async (baits) => {
      const after = new Checkpoint(memoryArchive(hostileFiles(files, baits, KEEP)));
      const rows = await diffCheckpoints(before, after);
      expect(rows.length).toBeGreaterThan(20);
      expectHarmless({ ...diffQuestion, rows }, 'diff');
      const everything = {
        stats: true,
        metadata: true,
        psTreeEnv: true,
        files: true,
        sockets: true,
        mounts: true,
        network: true,
      };
      const inspected = await inspect(after, everything, {});
      const [json, tree] = [inspected.json(), inspected.tree()];
      for (const text of [renderJson(json), renderTextTree([tree])])
        expect(text.replaceAll('\n', '')).not.toMatch(ACTIVE);
    }),
    { numRuns: 4 },
  );
});

test('the baits do arrive: rows hold them raw', async () => {
  const bait = [Buffer.from('\u001b[2J')];
  const checkpoint = new Checkpoint(
    memoryArchive(hostileFiles(await sampleFiles('podman-incident'), bait, KEEP)),
  );
  const text = async (view: AnyView): Promise<string> => JSON.stringify(await view.rows(checkpoint, {}));
  for (const view of views) {
    if (view.name === 'ipc') continue; // the sample has no System V objects
    expect(await text(view), view.name).toContain('\\u001b[2J');
  }
});
