import { describe, expect, test } from 'vitest';
import type { ColdcaseError } from '../../src/base/errors.js';
import { recoverObjects } from '../../src/recover/recover.js';
import type { Recovered } from '../../src/recover/recovered.js';
import { buildImage, encode } from '../support/criu-image.js';
import { FOWN, syntheticCheckpoint } from '../support/synthetic-checkpoint.js';

interface Part {
  readonly at: number | bigint;
  readonly text: string;
}

/** What `recover` finds in an archive with one deleted file of these parts, and what it has to say about it. */
async function recoverSparse(
  size: number,
  ...parts: readonly Part[]
): Promise<{ readonly contents: string | undefined; readonly problems: readonly string[] }> {
  const head = encode({ 1: 0, 2: 0, 3: 0o100644, 9: 1, 10: size });
  const chunks = parts.flatMap(({ at, text }) => [
    { message: encode({ 1: text.length, 2: at }) },
    { payload: Buffer.from(text) },
  ]);
  const checkpoint = syntheticCheckpoint(
    {
      files: ['FILES', { 1: 1, 2: 7, 3: encode({ 1: 7, 2: 0, 3: 0, 5: FOWN, 6: '/tmp/gone' }) }],
      'remap-fpath': ['REMAP_FPATH', { 1: 7, 2: 1, 3: 1 }],
    },
    { 'checkpoint/ghost-file-1.img': buildImage('GHOST_FILE', { message: head }, ...chunks) },
  );
  const problems: ColdcaseError[] = [];
  const found: Recovered[] = [];
  for await (const object of recoverObjects(checkpoint, (problem) => problems.push(problem)))
    found.push(object);
  const [object] = found;
  const contents = object && Buffer.from(await object.open().read(0, object.size)).toString('latin1');
  return { contents, problems: problems.map(({ message }) => message) };
}

describe('a sparse deleted file', () => {
  test('its parts where they belong, zeros between and behind them', async () => {
    const found = await recoverSparse(12, { at: 2, text: 'one' }, { at: 7, text: 'two' });
    expect(found).toEqual({ contents: '\0\0one\0\0two\0\0', problems: [] });
  });

  test('parts may touch each other and the end of the file', async () => {
    const found = await recoverSparse(6, { at: 0, text: 'one' }, { at: 3, text: 'two' });
    expect(found).toEqual({ contents: 'onetwo', problems: [] });
  });

  test.each([
    ['overlap by one byte', { at: 2, text: 'two' }],
    ['are out of order', { at: 0, text: 't' }],
  ])('parts that %s are refused', async (_, second) => {
    const { contents, problems } = await recoverSparse(12, { at: 0, text: 'one' }, second);
    expect(contents).toBeUndefined();
    expect(problems).toEqual([
      expect.stringMatching(/ghost-file-1\.img.*parts of the file overlap or are out of order/),
    ]);
  });

  test('data one byte behind the size is refused', async () => {
    const { contents, problems } = await recoverSparse(5, { at: 3, text: 'two' });
    expect(contents).toBeUndefined();
    expect(problems).toEqual([expect.stringMatching(/ghost-file-1\.img.*has data behind its 5 bytes/)]);
  });

  test('a part at an offset that no file has is refused', async () => {
    const { problems } = await recoverSparse(5, { at: 1n << 60n, text: 'two' });
    expect(problems).toEqual([expect.stringContaining('a size of 1152921504606846976 bytes')]);
  });
});
