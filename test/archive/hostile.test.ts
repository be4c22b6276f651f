import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { compress, decompress } from 'zstd-napi';
import { decodeSealedIndex, encodeSealedIndex, type SealedIndex } from '../../src/archive/sealed-index.js';
import { indexTar } from '../../src/archive/tar-index.js';
import { FormatError } from '../../src/base/errors.js';
import { MemorySource } from '../../src/bytes/memory.js';
import { mutate, mutations, readAll } from '../support/hostile-tar.js';
import { headerOffsets, richTar, seekable } from '../support/rich-tar.js';
import { samplePath } from '../support/samples.js';

const rich = richTar();
const real = Buffer.from(decompress(readFileSync(samplePath('crio-looper'))));
let richHeaders: number[];
let realHeaders: number[];
let sealed: Buffer;
beforeAll(async () => {
  richHeaders = await headerOffsets(rich);
  realHeaders = await headerOffsets(real);
  sealed = await seekable(rich);
});

test('unchanged, all of it is read', async () => {
  for (const tar of [rich, real, sealed, gzipSync(rich), compress(rich)])
    expect(await readAll(tar)).toBeUndefined();
  const { entries } = await indexTar(new MemorySource(rich, 'rich'));
  expect(entries.map(({ name, size }) => `${name.slice(0, 10)} ${size}`)).toEqual([
    'checkpoint 0',
    'checkpoint 700',
    'long/long/ 5',
    'nnnnnnnnnn 0',
    'hard 0',
    'old-sparse 8192',
    'pax-sparse 6000',
    'new 9000',
    'null 0',
    'vendor 3',
  ]);
});

test('a mutated tar gives a result or an error of ours', async () => {
  await fc.assert(
    fc.asyncProperty(mutations, async (changes) => {
      await readAll(mutate(rich, richHeaders, changes));
    }),
    { numRuns: 2000 },
  );
  await fc.assert(
    fc.asyncProperty(mutations, async (changes) => {
      await readAll(mutate(real, realHeaders, changes));
    }),
    { numRuns: 300 },
  );
});

test('so does a tar whose compressed bytes are mutated', async () => {
  for (const bytes of [gzipSync(rich), compress(rich, { checksumFlag: true }), sealed]) {
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(255), fc.boolean(), async (at, value, cut) => {
        const copy = Buffer.from(cut ? bytes.subarray(0, at) : bytes);
        if (!cut) copy[at] = value;
        await readAll(copy);
      }),
      { numRuns: 400 },
    );
  }
});

test('a sealed index is read as it was written', async () => {
  const { entries, marked } = await indexTar(new MemorySource(rich, 'rich'));
  const index: SealedIndex = {
    tar: { size: rich.length, sha256: '0f'.repeat(32) },
    entries,
    marked,
    capture: { namespace: 'prod', at: [1, null] },
  };
  expect(decodeSealedIndex(encodeSealedIndex(index), 'test', 0, rich.length)).toEqual(index);
});

test('an index of too many entries is written without them, and says nothing of them when read', () => {
  const entry = { type: 'file', size: 0, mode: 0, uid: 0, gid: 0, uname: '', gname: '', mtime: 0 } as const;
  const entries = Array.from({ length: 80_000 }, (_, at) => {
    return {
      ...entry,
      name: `${at}`.padEnd(100, '-'),
      offset: at * 512,
      dataOffset: at * 512 + 512,
      storedSize: 0,
    };
  });
  const tar = { size: 80_000 * 512, sha256: '0f'.repeat(32) };
  const frame = encodeSealedIndex({ tar, entries, marked: true, capture: null });
  expect(decodeSealedIndex(frame, 'test', 0, tar.size)).toEqual({
    tar,
    entries: null,
    marked: true,
    capture: null,
  });
});

test('a sealed index with anything else in it is refused', async () => {
  const { entries, marked } = await indexTar(new MemorySource(rich, 'rich'));
  const index: SealedIndex = {
    tar: { size: rich.length, sha256: '0f'.repeat(32) },
    entries,
    marked,
    capture: null,
  };
  const text = JSON.stringify(index);
  const read = (json: string, tarSize = rich.length): SealedIndex =>
    decodeSealedIndex(encodeSealedIndex(JSON.parse(json)), 'test', 0, tarSize);
  expect(() => read(text, rich.length + 1)).toThrow('contradicts the seek table');
  for (const [from, to] of [
    ['"dataOffset":', '"dataOffset":9'],
    ['"type":"file"', '"type":"door"'],
    ['"size":700', '"size":-700'],
    ['"size":700', '"size":701'],
    ['"size":700', '"size":7e300'],
    ['"name":"hard"', '"name":7'],
    ['"mtime":0', '"mtime":"0"'],
    ['"sha256":"0f', '"sha256":"zz'],
    ['"capture":null', '"capture":[]'],
    ['"length":512', '"length":513'],
    ['"offset":0,"length"', '"offset":99999,"length"'],
  ] as const) {
    expect(text).toContain(from);
    expect(() => read(text.replace(from, to)), `${from} -> ${to}`).toThrow(FormatError);
  }
  fc.assert(
    fc.property(
      fc.nat(text.length - 1),
      fc.constantFrom('9', '-', '"', ',', '[', '{', 'e'),
      (at, character) => {
        const changed = text.slice(0, at) + character + text.slice(at + 1);
        let value: unknown;
        try {
          value = JSON.parse(changed);
        } catch {
          return;
        }
        try {
          const decoded = read(JSON.stringify(value));
          for (const entry of decoded.entries ?? []) {
            expect(entry.dataOffset + entry.storedSize).toBeLessThanOrEqual(rich.length);
          }
        } catch (error) {
          if (!(error instanceof FormatError)) throw error;
        }
      },
    ),
    { numRuns: 1000 },
  );
});
